import assert from 'node:assert/strict';
import { feature, scenario, Socket } from '../../harness.mjs';

feature('pings', () => {
  scenario('the first comes within three seconds', async (t) => {
    const socket = await Socket.welcomed(t);
    const welcomed = performance.now();
    const { at } = await socket.nextPing();
    assert(at - welcomed < 3_300, `after ${at - welcomed} ms`);
  });

  scenario('a ping holds the time in whole seconds, and nothing else', async (t) => {
    const socket = await Socket.welcomed(t);
    const { text } = await socket.nextPing();
    const { type, message, ...more } = JSON.parse(text);
    assert.equal(type, 'ping');
    assert(Number.isInteger(message) && Math.abs(message - Date.now() / 1000) < 3, text);
    assert.deepEqual(more, {});
    assert.match(text, /"message":\d+[,}]/);
  });

  scenario('they come about every three seconds, with a time that grows', async (t) => {
    const socket = await Socket.welcomed(t);
    const pings = [await socket.nextPing(), await socket.nextPing(), await socket.nextPing()];
    const times = pings.map(({ text }) => JSON.parse(text).message);
    assert(times[0] < times[1] && times[1] < times[2], `${times}`);
    for (const gap of [pings[1].at - pings[0].at, pings[2].at - pings[1].at]) {
      assert(gap > 1_500 && gap < 4_500, `${gap} ms`);
    }
  });

  scenario('they come to a connection that sends all the time', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('EchoChannel');
    const pinged = socket.nextPing();
    let over = false;
    pinged.then(() => (over = true));
    while (!over) {
      socket.perform(identifier, 'later', { ms: 50 });
      await socket.next();
    }
    assert.equal(JSON.parse((await pinged).text).type, 'ping');
  });
});
