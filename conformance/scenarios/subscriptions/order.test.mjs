import assert from 'node:assert/strict';
import { confirmed, delivered, difference, feature, identifierOf, Socket } from '../../harness.mjs';

const echo = identifierOf('EchoChannel');

// A quick action sent right behind one that takes long.
async function quickBehindSlow(t) {
  const socket = await Socket.welcomed(t);
  await socket.subscribe('EchoChannel');
  socket.perform(echo, 'later', { ms: 300 });
  socket.perform(echo, 'greet');
  return [(await socket.next()).message, (await socket.next()).message];
}

// An action sent while its subscription is still being made.
async function actionBehindSubscribe(t) {
  const socket = await Socket.welcomed(t);
  const identifier = identifierOf('StreamChannel', { wait_ms: 400 });
  const other = await socket.subscribe('EchoChannel');
  socket.send('subscribe', identifier);
  // By the answer to this the other program has begun with the subscribe; ours may not answer yet.
  socket.perform(other, 'later', { ms: 100 });
  socket.perform(identifier, 'stop_all');
  return { socket, identifier, other };
}

feature('order', () => {
  difference('Commands of one connection run in their order', {
    ours: [
      'a quick one waits behind a slow one',
      async (t) => {
        assert.deepEqual(await quickBehindSlow(t), [{ ms: 300, action: 'later' }, { hello: true }]);
      },
    ],
    rails: [
      'a quick one overtakes a slow one',
      async (t) => {
        assert.deepEqual(await quickBehindSlow(t), [{ hello: true }, { ms: 300, action: 'later' }]);
      },
    ],
  });

  difference('Commands of one connection run in their order', {
    ours: [
      'a subscription is there for what is sent right behind it',
      async (t) => {
        const { socket, identifier, other } = await actionBehindSubscribe(t);
        assert.deepEqual(await socket.next(), confirmed(identifier));
        assert.deepEqual(await socket.next(), delivered(other, { ms: 100, action: 'later' }));
        assert.deepEqual(await socket.next(), delivered(identifier, { stopped: 'all' }));
      },
    ],
    rails: [
      'what is sent behind a subscribe may be run before it is confirmed, or be lost',
      async (t) => {
        const { socket, identifier, other } = await actionBehindSubscribe(t);
        const frames = [await socket.nextText()];
        while (frames.at(-1) !== JSON.stringify(confirmed(identifier))) frames.push(await socket.nextText());
        const possible = [delivered(identifier, { stopped: 'all' }), delivered(other, { ms: 100, action: 'later' })];
        const expected = possible.map((frame) => JSON.stringify(frame));
        assert(
          frames.slice(0, -1).every((frame) => expected.includes(frame)),
          frames.join('\n'),
        );
        assert(frames.includes(expected[1]), 'the action of the other channel waited');
      },
    ],
  });

  difference('Commands of one connection run in their order', {
    ours: [
      'subscribing, leaving, coming back and speaking work in one burst',
      async (t) => {
        const socket = await Socket.welcomed(t);
        for (const _ of [1, 2, 3]) {
          socket.send('subscribe', echo);
          socket.send('unsubscribe', echo);
        }
        socket.send('subscribe', echo);
        socket.perform(echo, 'greet');
        for (const _ of [1, 2, 3, 4]) assert.deepEqual(await socket.next(), confirmed(echo));
        assert.deepEqual(await socket.next(), delivered(echo, { hello: true }));
        await socket.isQuiet();
      },
    ],
    rails: [
      'a burst ends somewhere between nothing and everything',
      async (t) => {
        const socket = await Socket.welcomed(t);
        for (const command of ['subscribe', 'unsubscribe', 'subscribe']) socket.send(command, echo);
        socket.perform(echo, 'greet');
        const fence = identifierOf('EchoChannel', { fence: true });
        socket.send('subscribe', fence);
        const frames = [await socket.next()];
        while (frames.at(-1).identifier !== fence) frames.push(await socket.next());
        assert(frames.length <= 4, JSON.stringify(frames));
      },
    ],
  });
});
