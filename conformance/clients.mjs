// The official clients, as a page would use them, in Node.js.
import assert from 'node:assert/strict';
import { createConsumer as createAnyCable } from '@anycable/core';
import * as rails from '@rails/actioncable';
import WebSocket from 'ws';

// Of a browser's globals, @rails/actioncable needs these two, to notice that its tab became visible.
globalThis.addEventListener ??= () => {};
globalThis.removeEventListener ??= () => {};

/** Sends along what a browser would: the origin of its page, and the cookie behind the # of the address, if any. */
class BrowserSocket extends WebSocket {
  constructor(address, offered) {
    const url = new URL(address);
    const headers = { origin: `http://${url.host}` };
    if (url.hash) headers.cookie = decodeURIComponent(url.hash.slice(1));
    url.hash = '';
    super(url, offered, { headers });
    // A client is told by `close`, as in a browser.
    this.on('error', () => {});
  }
}

/** Returns an address to which the cookie goes along. */
export const withCookie = (address, cookie) => `${address}#${encodeURIComponent(cookie)}`;

rails.adapters.WebSocket = BrowserSocket;

/** Each connects to an address, and returns a consumer. */
export const clients = {
  '@rails/actioncable': (address) => rails.createConsumer(address),
  '@anycable/core': (address) => createAnyCable(address, { websocketImplementation: BrowserSocket, logLevel: 'error' }),
};

/** A subscription of an official client, whose callbacks can be waited for, one after the other. */
export class Subscription {
  #events = [];
  #waiting = [];

  constructor(consumer, channel, parameters = {}) {
    const record = (name) => (detail) => this.#happened([name, detail]);
    const names = ['connected', 'disconnected', 'received', 'rejected'];
    const callbacks = Object.fromEntries(names.map((name) => [name, record(name)]));
    this.client = consumer.subscriptions.create({ channel, ...parameters }, callbacks);
  }

  /** Subscribes, and waits for the confirmation. */
  static async confirmed(consumer, channel, parameters) {
    const subscription = new Subscription(consumer, channel, parameters);
    await subscription.expect('connected');
    return subscription;
  }

  #happened(event) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(event);
    else this.#events.push(event);
  }

  nextEvent() {
    if (this.#events.length > 0) return Promise.resolve(this.#events.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Returns the detail of the next callback, which must be of that name. */
  async expect(name) {
    const [happened, detail] = await this.nextEvent();
    assert.equal(happened, name, `${happened}(${JSON.stringify(detail)}) instead of ${name}`);
    return detail;
  }

  received() {
    return this.expect('received');
  }

  perform(action, payload) {
    this.client.perform(action, payload);
  }

  unsubscribe() {
    this.client.unsubscribe();
  }

  /** How many callbacks nobody has waited for. */
  get unseen() {
    return this.#events.length;
  }

  /** Performs an action, and returns the answer, which must be the next callback. */
  ask(action, payload) {
    this.perform(action, payload);
    return this.received();
  }
}

/** Returns whether a client will try to come back, given what its `disconnected` callback was told. */
export function willComeBack(consumer, detail) {
  // What the callback of @anycable/core is told is always the same.
  return consumer.cable ? consumer.cable.state !== 'closed' : detail.willAttemptReconnect;
}
