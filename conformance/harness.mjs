// What the scenarios are written with: the server under test, its hooks, and bare sockets.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import WebSocket from 'ws';
import { clients } from './clients.mjs';

export { clients, Subscription, willComeBack } from './clients.mjs';

const { CONFORMANCE_URL, CONFORMANCE_SERVER } = process.env;
if (!CONFORMANCE_URL) throw new Error('CONFORMANCE_URL says which server to drive: see conformance/README.md');
if (!['ours', 'rails'].includes(CONFORMANCE_SERVER)) throw new Error('CONFORMANCE_SERVER is ours or rails');

export const origin = CONFORMANCE_URL.replace(/\/$/, '');
export const protocols = ['actioncable-v1-json', 'actioncable-unsupported'];

// --- scenarios ------------------------------------------------------------------------------------------------------

const impatient = { timeout: 30_000 };

/** Groups scenarios that may run side by side. */
export const feature = (name, body) => describe(name, { concurrency: true }, body);

/** Something that every Action Cable server does. */
export const scenario = (claim, body) => test(claim, impatient, body);

/** The same, once with each official client: the body gets a function that connects one. */
export function scenarioByBothClients(claim, body) {
  for (const [name, connect] of Object.entries(clients)) {
    test(`${claim}, seen by ${name}`, impatient, async (t) => {
      const consumers = [];
      t.after(() => consumers.forEach((consumer) => consumer.disconnect()));
      await body((query) => {
        const consumer = connect(cable(query));
        consumers.push(consumer);
        return consumer;
      }, name);
    });
  }
}

const differences = readFileSync(new URL('../docs/action-cable-differences.md', import.meta.url), 'utf8');

/**
 * Something that our server does differently, and why is in docs/action-cable-differences.md under that heading. Each
 * of the two says what it does in `[claim, body]`, and both are held to it.
 */
export function difference(heading, answers) {
  assert(differences.includes(`\n### ${heading}\n`), `docs/action-cable-differences.md has no heading: ${heading}`);
  const [claim, body] = answers[CONFORMANCE_SERVER];
  test(`${heading}: ${claim}`, impatient, body);
}

/** Returns a name that no other scenario uses. */
export const unique = (prefix) => `${prefix}-${(unique.count = (unique.count ?? 0) + 1)}-${process.pid}`;

// --- the server's hooks ---------------------------------------------------------------------------------------------

async function hook(path, body) {
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 204, `POST ${path}`);
}

export const broadcast = (stream, message) => hook('/broadcast', { stream, message });
export const broadcastTo = (to, message) => hook('/broadcast_to', { to, message });
export const disconnect = (user, shadower, reconnect) => hook('/disconnect', { user, shadower, reconnect });
export const restart = () => hook('/restart', {});

// --- bare sockets ---------------------------------------------------------------------------------------------------

/** Returns the address of the cable for somebody, as `{ user, shadower, connect_ms }`. */
export function cable(query = { user: unique('somebody') }) {
  return `${origin.replace('http', 'ws')}/cable?${new URLSearchParams(query)}`;
}

export const identifierOf = (channel, parameters = {}) => JSON.stringify({ channel, ...parameters });

/** A WebSocket whose frames can be waited for, one after the other. */
export class Socket {
  #frames = [];
  #waiting = [];

  constructor(query, { offered = protocols, headers = {}, deflate = false } = {}) {
    this.socket = new WebSocket(cable(query), offered, { headers: { origin, ...headers }, perMessageDeflate: deflate });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#waiting.splice(0).forEach(({ reject }) => reject(new Error(`closed with ${code} instead of a frame`)));
      });
    });
    this.socket.on('message', (data) => this.#arrived(String(data)));
    this.socket.on('error', (error) => (this.error = error));
  }

  /** Opens a socket, and returns it after its welcome; it is closed after the scenario. */
  static async welcomed(t, query, options) {
    const socket = new Socket(query, options);
    t.after(() => socket.socket.terminate());
    assert.deepEqual(await socket.next(), { type: 'welcome' });
    return socket;
  }

  #arrived(text) {
    if (JSON.parse(text).type === 'ping') {
      this.pings ??= [];
      this.pings.push({ text, at: performance.now() });
      this.socket.emit('pinged');
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(text);
    else this.#frames.push(text);
  }

  opened() {
    return this.socket.readyState === WebSocket.OPEN ? undefined : once(this.socket, 'open');
  }

  /** Returns the text of the next frame that is no ping. */
  nextText() {
    if (this.#frames.length > 0) return Promise.resolve(this.#frames.shift());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async next() {
    return JSON.parse(await this.nextText());
  }

  async nextPing() {
    const seen = this.pings?.length ?? 0;
    while ((this.pings?.length ?? 0) === seen) await once(this.socket, 'pinged');
    return this.pings.at(-1);
  }

  sendText(text) {
    this.socket.send(text);
  }

  send(command, identifier, data) {
    this.sendText(JSON.stringify({ command, identifier, data }));
  }

  perform(identifier, action, data = {}) {
    this.send('message', identifier, JSON.stringify({ ...data, action }));
  }

  /** Subscribes, and returns the identifier after its confirmation, which must be the next frame. */
  async subscribe(channel, parameters) {
    const identifier = identifierOf(channel, parameters);
    this.send('subscribe', identifier);
    assert.deepEqual(await this.next(), confirmed(identifier));
    return identifier;
  }

  /**
   * Asserts that nothing else arrived, and that the server still answers: what was sent before has had its effect once
   * a new subscription to `EchoChannel` answers, and that answer must be the next frame.
   */
  async isQuiet() {
    const identifier = await this.subscribe('EchoChannel', { quiet: unique('quiet') });
    this.perform(identifier, 'echo');
    assert.deepEqual(await this.next(), { identifier, message: { action: 'echo' } });
    this.send('unsubscribe', identifier);
  }
}

export const confirmed = (identifier) => ({ identifier, type: 'confirm_subscription' });
export const rejected = (identifier) => ({ identifier, type: 'reject_subscription' });
export const delivered = (identifier, message) => ({ identifier, message });

/** Asks for an upgrade by hand, and returns `{ status, headers, body }` of the answer, upgraded or not. */
export function handshake(headers = {}, { method = 'GET', path = '/cable?user=alice' } = {}) {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    origin,
    ...headers,
  };
  const kept = Object.fromEntries(Object.entries(upgrade).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const asked = request(origin + path, { method, headers: kept, agent: false });
    asked.on('error', reject);
    asked.on('upgrade', ({ statusCode, headers: answered }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, headers: answered, body: '' });
    });
    asked.on('response', async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    asked.end();
  });
}
