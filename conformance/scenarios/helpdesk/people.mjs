// People at the reference application: each with a sign-in of their own, and what they have open.
import assert from 'node:assert/strict';
import { clients, Subscription, withCookie } from '../../clients.mjs';

const password = 'correct horse battery staple';

/** Somebody who keeps their cookies, and asks for JSON. */
export class Person {
  #cookies = new Map();
  #consumers = [];

  constructor(origin) {
    this.origin = origin;
  }

  /** Signs somebody of the demo in. */
  static async signedIn(origin, name) {
    const person = new Person(origin);
    const { current_user: account } = await person.asks('POST', '/session', { email: emailOf(name), password });
    person.account = account;
    return person;
  }

  /** Signs somebody in, and lets them start as somebody else. */
  static async as(origin, agent, customer) {
    const person = await Person.signedIn(origin, agent);
    await person.starts(customer);
    return person;
  }

  get cookie() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async answer(method, path, fields) {
    const response = await fetch(this.origin + path, {
      method,
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        cookie: this.cookie,
        ...(fields && { 'content-type': 'application/json' }),
      },
      body: fields && JSON.stringify(fields),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(';');
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const isGone = attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute));
    if (isGone || value === '') this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }

  /** Asks for something that must succeed, and returns the answer's body. */
  async asks(method, path, fields) {
    const { status, body } = await this.answer(method, path, fields);
    assert(status < 300, `${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async accountOf(name) {
    const { accounts } = await this.asks('GET', `/accounts?q=${encodeURIComponent(emailOf(name))}`);
    const found = accounts.find(({ email }) => email === emailOf(name));
    assert(found, `no account of ${name}`);
    return found;
  }

  async starts(customer) {
    const { id } = await this.accountOf(customer);
    const fields = { account_id: id, reason: 'Looking into a problem', ticket: 'SUP-4711' };
    return this.asks('POST', '/impersonation', fields);
  }

  stops() {
    return this.asks('DELETE', '/impersonation');
  }

  /** Sends to an audience, as only an administrator may; returns to how many connections. */
  async broadcasts(audience, message, channel = 'CommandsChannel') {
    const { delivered_to: count } = await this.asks('POST', '/broadcasts', { audience, channel, message });
    return count;
  }

  /** Opens a page, with an official client; without a sign-in too. */
  opens(client = '@rails/actioncable') {
    const consumer = clients[client](withCookie(`${this.origin.replace('http', 'ws')}/cable`, this.cookie));
    this.#consumers.push(consumer);
    return consumer;
  }

  /** Closes every page. */
  closes() {
    this.#consumers.splice(0).forEach((consumer) => consumer.disconnect());
  }

  /** Closes what they have open, and stops what they have started: not many may run at once. */
  async leaves() {
    this.closes();
    await this.answer('DELETE', '/impersonation');
  }
}

export const emailOf = (name) => `${name.toLowerCase()}@example.com`;

/** Subscribes to one kind of audience; returns nothing if this identity is in none of that kind. */
export async function listens(consumer, kind) {
  const subscription = new Subscription(consumer, 'CommandsChannel', { audience: kind });
  const [happened] = await subscription.nextEvent();
  if (happened === 'rejected') return undefined;
  assert.equal(happened, 'connected');
  return subscription;
}
