import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  broadcast,
  confirmed,
  delivered,
  difference,
  feature,
  identifierOf,
  rejected,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

// Somebody who stays on a stream, and is rejected where it asks for the same one again.
async function streamsAndRejects(t) {
  const socket = await Socket.welcomed(t);
  const stream = unique('stream');
  const staying = await socket.subscribe('StreamChannel', { streams: [stream] });
  const identifier = identifierOf('StreamChannel', { streams: [stream], reject: true });
  socket.send('subscribe', identifier);
  assert.deepEqual(await socket.next(), rejected(identifier));
  return { socket, stream, staying, identifier };
}

// Somebody who is rejected, and somebody else who would see it if the channel ran what it runs at the end.
async function rejectedWithFarewell(t) {
  const farewell = unique('farewell');
  const watching = await Socket.welcomed(t);
  const watch = await watching.subscribe('StreamChannel', { streams: [farewell] });
  const socket = await Socket.welcomed(t);
  const identifier = identifierOf('StreamChannel', { farewell, reject: true });
  socket.send('subscribe', identifier);
  assert.deepEqual(await socket.next(), rejected(identifier));
  return { watching, watch, farewell, identifier };
}

feature('rejection', () => {
  scenario('a rejection holds the identifier and its type, and nothing else', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = identifierOf('StreamChannel', { reject: true });
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), { identifier, type: 'reject_subscription' });
    await socket.isQuiet();
  });

  scenario('what is transmitted while subscribing comes before the rejection', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = identifierOf('StreamChannel', { greeting: [1], reject: true });
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), delivered(identifier, { greeting: [1] }));
    assert.deepEqual(await socket.next(), rejected(identifier));
  });

  difference('A rejected subscription has no streams', {
    ours: [
      'nothing is delivered to it',
      async (t) => {
        const { socket, stream, staying } = await streamsAndRejects(t);
        await broadcast(stream, 1);
        assert.deepEqual(await socket.next(), delivered(staying, 1));
        await socket.isQuiet();
      },
    ],
    rails: [
      'streams that it joined just before may stay, and deliver',
      async (t) => {
        const { socket, stream, staying, identifier } = await streamsAndRejects(t);
        await broadcast(stream, 1);
        socket.send('subscribe', identifierOf('EchoChannel'));
        const frames = [];
        for (let frame = await socket.next(); frame.type !== 'confirm_subscription'; frame = await socket.next()) {
          frames.push(frame);
        }
        const possible = [delivered(staying, 1), delivered(identifier, 1)];
        for (const frame of frames)
          assert(
            possible.some((one) => isDeepStrictEqual(frame, one)),
            frame,
          );
      },
    ],
  });

  scenario('a rejected subscription has no actions', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = identifierOf('StreamChannel', { reject: true });
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), rejected(identifier));
    socket.perform(identifier, 'stop_all');
    await socket.isQuiet();
  });

  scenario('a rejected subscription may be asked for again, and is rejected again', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = identifierOf('StreamChannel', { reject: true });
    for (const _ of [1, 2, 3]) {
      socket.send('subscribe', identifier);
      assert.deepEqual(await socket.next(), rejected(identifier));
    }
  });

  difference('A rejected subscription never was one', {
    ours: [
      'there is nothing to leave',
      async (t) => {
        const { watching, watch, farewell } = await rejectedWithFarewell(t);
        await broadcast(farewell, 'nobody left before this');
        assert.deepEqual(await watching.next(), delivered(watch, 'nobody left before this'));
      },
    ],
    rails: [
      'its channel is told that it was left',
      async (t) => {
        const { watching, watch, identifier } = await rejectedWithFarewell(t);
        assert.deepEqual(await watching.next(), delivered(watch, { farewell: identifier }));
      },
    ],
  });

  scenario('others on the same connection are not touched', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const staying = await socket.subscribe('StreamChannel', { streams: [stream] });
    const identifier = identifierOf('StreamChannel', { reject: true });
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), rejected(identifier));
    await broadcast(stream, 1);
    assert.deepEqual(await socket.next(), delivered(staying, 1));
    await socket.isQuiet();
  });

  scenarioByBothClients('a client is told', async (connect) => {
    const consumer = connect();
    await Subscription.confirmed(consumer, 'EchoChannel');
    const subscription = new Subscription(consumer, 'StreamChannel', { reject: true });
    await subscription.expect('rejected');
    assert.equal(subscription.unseen, 0);
  });

  difference('A subscription that fails is rejected', {
    ours: [
      'the client is told',
      async (t) => {
        const socket = await Socket.welcomed(t);
        const identifier = identifierOf('StreamChannel', { fail: true });
        socket.send('subscribe', identifier);
        assert.deepEqual(await socket.next(), rejected(identifier));
        socket.send('subscribe', identifier);
        assert.deepEqual(await socket.next(), rejected(identifier));
      },
    ],
    rails: [
      'it hangs, neither confirmed nor rejected, and cannot be asked for again',
      async (t) => {
        const socket = await Socket.welcomed(t);
        const identifier = identifierOf('StreamChannel', { fail: true, greeting: 'hello' });
        socket.send('subscribe', identifier);
        assert.deepEqual(await socket.next(), delivered(identifier, { greeting: 'hello' }));
        await socket.isQuiet();
        socket.send('subscribe', identifier);
        await socket.isQuiet();
        socket.perform(identifier, 'stop_all');
        assert.deepEqual(await socket.next(), delivered(identifier, { stopped: 'all' }));
      },
    ],
  });

  scenario('a confirmation of another subscription is no answer to this one', async (t) => {
    const socket = await Socket.welcomed(t);
    const good = identifierOf('StreamChannel', { number: 1 });
    const bad = identifierOf('StreamChannel', { number: 2, reject: true });
    socket.send('subscribe', good);
    assert.deepEqual(await socket.next(), confirmed(good));
    socket.send('subscribe', bad);
    assert.deepEqual(await socket.next(), rejected(bad));
    socket.perform(good, 'stop_all');
    assert.deepEqual(await socket.next(), delivered(good, { stopped: 'all' }));
  });
});
