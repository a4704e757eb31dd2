// A program in front of an application: it keeps cookies, and follows no redirect.
import http from 'node:http';

const isPast = (cookie) => /;\s*max-age=0/i.test(cookie) || /;\s*expires=Thu, 01 Jan 1970/i.test(cookie);

/** Somebody's program: whatever an application sets as a cookie, it sends with the next request. */
export class Client {
  cookies = new Map();
  headers = {};

  constructor(origin) {
    this.origin = origin;
  }

  get(path, headers) {
    return this.send('GET', path, undefined, headers);
  }

  post(path, data, headers) {
    return this.send('POST', path, data, headers);
  }

  /** Sends a form, as a page would. */
  form(path, fields, headers) {
    return this.send('POST', path, new URLSearchParams(fields), { accept: 'text/html', ...headers });
  }

  patch(path, data, headers) {
    return this.send('PATCH', path, data, headers);
  }

  delete(path, headers) {
    return this.send('DELETE', path, undefined, headers);
  }

  async send(method, path, data, more = {}) {
    const headers = { accept: 'application/json', ...this.headers, ...more };
    const cookies = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    if (cookies.length > 0) headers.cookie = cookies.join('; ');
    let body = '';
    if (data instanceof URLSearchParams) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      body = data.toString();
    } else if (data !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(data);
    }
    headers['content-length'] = Buffer.byteLength(body);
    const answer = await new Promise((resolve, reject) => {
      const request = http.request(new URL(path, this.origin), { method, headers, agent: false }, resolve);
      request.on('error', reject);
      request.end(body);
    });
    for (const cookie of answer.headers['set-cookie'] ?? []) this.#keep(cookie);
    const chunks = [];
    for await (const chunk of answer) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const json = /json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(text) : null;
    return { status: answer.statusCode, headers: answer.headers, location: answer.headers.location, text, json };
  }

  #keep(cookie) {
    const [pair] = cookie.split(';');
    const name = pair.slice(0, pair.indexOf('='));
    if (isPast(cookie)) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}

/** Lets a customer agree ahead, for an hour. */
export function agreement() {
  return { ends_at: new Date(Date.now() + 3_600_000).toISOString() };
}

/** Returns what starts an impersonation of this account. */
export function startOf(account, more = {}) {
  return { account_id: String(account), reason: 'Cannot see an order', ticket: 'SUP-4711', ...more };
}
