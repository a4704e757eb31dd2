// The official client, from its package, in the pages of a real browser.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { broadcast, broadcastTo, cable, disconnect, origin, restart, unique } from '../../harness.mjs';

const bundle = createRequire(import.meta.url).resolve('@rails/actioncable');

function installedChromium() {
  const folders = process.env.PATH.split(path.delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const found = names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync);
  if (!found) throw new Error(`none of ${names.join(', ')} is in PATH`);
  return found;
}

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: installedChromium(), args: ['--no-sandbox', '--disable-gpu'] });
});
after(() => browser.close());

/** Opens a page of an origin; its function `listen` subscribes, and `events` says what the subscription was told. */
async function openPage(t, query, from = origin) {
  // Its pages do not come from the server, so the browser asks whether they may speak to this machine.
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.route(`${from}/page`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>A page</title>' }),
  );
  await page.goto(`${from}/page`);
  await page.addScriptTag({ path: bundle });
  await page.evaluate((address) => {
    window.consumer = ActionCable.createConsumer(address);
    window.listen = (parameters) => {
      window.events = [];
      const record = (name) => (detail) => window.events.push([name, detail ?? null]);
      const names = ['connected', 'disconnected', 'received', 'rejected'];
      const callbacks = Object.fromEntries(names.map((name) => [name, record(name)]));
      window.subscription = window.consumer.subscriptions.create(parameters, callbacks);
    };
  }, cable(query));
  return page;
}

const listen = (page, channel, parameters = {}) =>
  page.evaluate((asked) => window.listen(asked), { channel, ...parameters });

/** Waits for the next callback of the page's subscription. */
async function expectEvent(page, name) {
  await page.waitForFunction(() => window.events.length > 0, undefined, { timeout: 30_000 });
  const [happened, detail] = await page.evaluate(() => window.events.shift());
  assert.equal(happened, name, `${happened}(${JSON.stringify(detail)}) instead of ${name}`);
  return detail;
}

const patient = { timeout: 90_000 };

test('a page subscribes, receives and performs', patient, async (t) => {
  const [user, shadower] = [unique('alice'), unique('bob')];
  const page = await openPage(t, { user, shadower });
  await listen(page, 'AccountChannel', { audience: 'both' });
  await expectEvent(page, 'connected');
  await broadcastTo([user, shadower], { text: 'Grüße 👩🏽‍💻' });
  assert.deepEqual(await expectEvent(page, 'received'), { text: 'Grüße 👩🏽‍💻' });
  await listen(page, 'EchoChannel');
  await expectEvent(page, 'connected');
  await page.evaluate(() => window.subscription.perform('identity'));
  assert.deepEqual(await expectEvent(page, 'received'), { current_user: user, shadower });
});

test('the browser speaks the protocol without an extension', patient, async (t) => {
  const page = await openPage(t);
  await listen(page, 'EchoChannel');
  await expectEvent(page, 'connected');
  const socket = await page.evaluate(() => {
    const { protocol, extensions } = window.consumer.connection.webSocket;
    return { protocol, extensions };
  });
  assert.deepEqual(socket, { protocol: 'actioncable-v1-json', extensions: '' });
});

test('a page is rejected', patient, async (t) => {
  const page = await openPage(t);
  await listen(page, 'StreamChannel', { reject: true });
  await expectEvent(page, 'rejected');
});

test('a page of another origin never gets a connection', patient, async (t) => {
  const page = await openPage(t, undefined, origin.replace('127.0.0.1', 'localhost'));
  const complaint = page.waitForEvent('console', (message) => message.text().includes('/cable'));
  await page.evaluate((address) => {
    window.socket = new WebSocket(address, ['actioncable-v1-json']);
  }, cable());
  assert.match((await complaint).text(), /Unexpected response code: 404/);
});

test('nobody is turned away, and the page does not try again', patient, async (t) => {
  const page = await openPage(t, {});
  await listen(page, 'EchoChannel');
  assert.deepEqual(await expectEvent(page, 'disconnected'), { willAttemptReconnect: false });
  assert.equal(await page.evaluate(() => Boolean(window.consumer.connection.monitor.isRunning())), false);
});

test('a page that was closed from outside comes back', patient, async (t) => {
  const user = unique('alice');
  const page = await openPage(t, { user });
  await listen(page, 'EchoChannel');
  await expectEvent(page, 'connected');
  await page.evaluate(() => window.subscription.perform('greet'));
  await expectEvent(page, 'received');
  await disconnect(user, null, true);
  assert.deepEqual(await expectEvent(page, 'disconnected'), { willAttemptReconnect: true });
  assert.deepEqual(await expectEvent(page, 'connected'), { reconnected: true });
});

test('a page comes back after a restart, with its subscriptions', patient, async (t) => {
  const stream = unique('stream');
  const page = await openPage(t);
  const pinged = page
    .waitForEvent('websocket')
    .then((socket) => socket.waitForEvent('framereceived', ({ payload }) => payload.includes('"ping"')));
  await listen(page, 'StreamChannel', { streams: [stream] });
  await expectEvent(page, 'connected');
  await pinged;
  await restart();
  assert.deepEqual(await expectEvent(page, 'disconnected'), { willAttemptReconnect: true });
  assert.deepEqual(await expectEvent(page, 'connected'), { reconnected: true });
  await broadcast(stream, 'welcome back');
  assert.equal(await expectEvent(page, 'received'), 'welcome back');
});
