// Rails takes whatever comes; we do not.
import assert from 'node:assert/strict';
import { confirmed, delivered, difference, feature, identifierOf, rejected, scenario, Socket } from '../../harness.mjs';

const messageBytes = 64 * 1024;
const identifierBytes = 2 * 1024;
const jsonDepth = 16;
const subscriptions = 100;
const burst = 300;

const echo = identifierOf('EchoChannel');

// An identifier of so many bytes.
function long(bytes) {
  const empty = identifierOf('EchoChannel', { fill: '' });
  return identifierOf('EchoChannel', { fill: 'x'.repeat(bytes - empty.length) });
}

// A command of so many bytes, which `EchoChannel` answers with its data.
function command(bytes) {
  const text = (fill) =>
    JSON.stringify({ command: 'message', identifier: echo, data: `{"action":"echo","fill":"${fill}"}` });
  return text('x'.repeat(bytes - text('').length));
}

// Data that nests so deep, its own braces included.
const nested = (depth) => `{"action":"echo","nested":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

async function subscribed(t) {
  const socket = await Socket.welcomed(t);
  await socket.subscribe('EchoChannel');
  return socket;
}

async function isEchoed(socket, bytes) {
  socket.sendText(command(bytes));
  assert.equal((await socket.next()).message.action, 'echo');
}

async function subscribesTo(socket, numbers) {
  for (const number of numbers) await socket.subscribe('EchoChannel', { number });
}

const numbers = (count) => Array.from({ length: count }, (_, number) => number);

feature('limits', () => {
  scenario('a message may have 64 KiB', async (t) => isEchoed(await subscribed(t), messageBytes));

  difference('Messages have a largest size', {
    ours: [
      'a larger one closes the connection as too big',
      async (t) => {
        const socket = await subscribed(t);
        socket.sendText(command(messageBytes + 1));
        assert.equal((await socket.closed).code, 1009);
      },
    ],
    rails: ['one of a megabyte is read, as are those of 60', async (t) => isEchoed(await subscribed(t), 1024 * 1024)],
  });

  difference('Messages have a largest size', {
    ours: [
      'one in many small fragments too',
      async (t) => {
        const socket = await subscribed(t);
        const bytes = Buffer.from(command(messageBytes + 1));
        for (let at = 0; at < bytes.length; at += 8_192) {
          socket.socket.send(bytes.subarray(at, at + 8_192), { binary: false, fin: at + 8_192 >= bytes.length });
        }
        assert.equal((await socket.closed).code, 1009);
      },
    ],
    rails: [
      'in fragments too',
      async (t) => {
        const socket = await subscribed(t);
        const bytes = Buffer.from(command(messageBytes + 1));
        socket.socket.send(bytes.subarray(0, 8_192), { binary: false, fin: false });
        socket.socket.send(bytes.subarray(8_192), { binary: false, fin: true });
        assert.equal((await socket.next()).message.action, 'echo');
      },
    ],
  });

  scenario('an identifier may have 2 KiB', async (t) => {
    const socket = await Socket.welcomed(t);
    socket.send('subscribe', long(identifierBytes));
    assert.deepEqual(await socket.next(), confirmed(long(identifierBytes)));
  });

  difference('Identifiers have a greatest length', {
    ours: [
      'a longer one is rejected',
      async (t) => {
        const socket = await Socket.welcomed(t);
        socket.send('subscribe', long(identifierBytes + 1));
        assert.deepEqual(await socket.next(), rejected(long(identifierBytes + 1)));
        await socket.isQuiet();
      },
    ],
    rails: [
      'one of 50 KB is kept, and repeated with every message',
      async (t) => {
        const socket = await Socket.welcomed(t);
        socket.send('subscribe', long(50_000));
        assert.deepEqual(await socket.next(), confirmed(long(50_000)));
      },
    ],
  });

  scenario('data may nest 16 deep', async (t) => {
    const socket = await subscribed(t);
    socket.send('message', echo, nested(jsonDepth));
    assert.deepEqual(await socket.next(), delivered(echo, JSON.parse(nested(jsonDepth))));
  });

  difference('JSON has a greatest depth', {
    ours: [
      'what nests deeper is ignored, or rejected if it is an identifier',
      async (t) => {
        const socket = await subscribed(t);
        socket.send('message', echo, nested(jsonDepth + 1));
        socket.sendText(`{"command":"subscribe","identifier":"{}","x":${'['.repeat(10_000)}`);
        await socket.isQuiet();
        const identifier = nested(jsonDepth + 1)
          .replace('action', 'channel')
          .replace('echo', 'EchoChannel');
        socket.send('subscribe', identifier);
        assert.deepEqual(await socket.next(), rejected(identifier));
      },
    ],
    rails: [
      'data may nest 90 deep',
      async (t) => {
        const socket = await subscribed(t);
        socket.send('message', echo, nested(90));
        assert.deepEqual(await socket.next(), delivered(echo, JSON.parse(nested(90))));
      },
    ],
  });

  difference('A connection has only so many subscriptions', {
    ours: [
      'the one after the hundredth is rejected, until another is given up',
      async (t) => {
        const socket = await Socket.welcomed(t);
        await subscribesTo(socket, numbers(subscriptions));
        const identifier = identifierOf('EchoChannel', { one: 'more' });
        socket.send('subscribe', identifier);
        assert.deepEqual(await socket.next(), rejected(identifier));
        socket.send('unsubscribe', identifierOf('EchoChannel', { number: 7 }));
        socket.send('subscribe', identifier);
        assert.deepEqual(await socket.next(), confirmed(identifier));
      },
    ],
    rails: [
      'two hundred are no problem',
      async (t) => subscribesTo(await Socket.welcomed(t), numbers(2 * subscriptions)),
    ],
  });

  scenario('three hundred commands may come at once', async (t) => {
    const socket = await Socket.welcomed(t);
    // The last ones are for the subscription, and for asking whether all is quiet.
    for (const _ of numbers(burst - 5)) socket.sendText('{}');
    await socket.subscribe('EchoChannel');
    await socket.isQuiet();
  });

  difference('Commands have a rate', {
    ours: [
      'who sends without end is sent away for a while',
      async (t) => {
        const socket = await subscribed(t);
        for (const _ of numbers(10 * burst)) socket.sendText('{}');
        assert.deepEqual(await socket.next(), { type: 'disconnect', reason: 'rate_limited', reconnect: true });
        assert.equal((await socket.closed).code, 1000);
      },
    ],
    rails: [
      'who sends without end is served',
      async (t) => {
        const socket = await subscribed(t);
        for (const _ of numbers(10 * burst)) socket.sendText('{}');
        await socket.isQuiet();
      },
    ],
  });
});
