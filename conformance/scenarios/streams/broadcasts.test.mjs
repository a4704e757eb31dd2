import assert from 'node:assert/strict';
import {
  broadcast,
  delivered,
  difference,
  feature,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

const payloads = {
  'an object': { a: { b: [1, 2, 3] } },
  'a list': [1, 'two', null],
  'a number': 12.5,
  true: true,
  text: 'hello',
  'text that holds JSON': '{"type":"disconnect"}',
  'text that holds quoted JSON': '"hello"',
  'text of all kinds': 'Grüße, 世界, 👩🏽‍💻, \u0000\u001f\u2028\u2029, "quoted", \\, </script>',
  'an object with a type of its own': { type: 'confirm_subscription', identifier: 'x', message: 1 },
};
// @anycable/core does not hand these on.
const falsy = { null: null, zero: 0, 'empty text': '', false: false };

async function listening(t) {
  const socket = await Socket.welcomed(t);
  const stream = unique('stream');
  return { socket, stream, identifier: await socket.subscribe('StreamChannel', { streams: [stream] }) };
}

// Broadcasts a hundred messages in one go, and returns what a subscription received.
async function hundred(t) {
  const { socket, stream, identifier } = await listening(t);
  socket.perform(identifier, 'say_many', { stream, to: 100 });
  const numbers = [];
  while (numbers.length < 100) numbers.push((await socket.next()).message.n);
  await socket.isQuiet();
  return numbers;
}

const inOrder = Array.from({ length: 100 }, (_, index) => index + 1);

feature('broadcasts', () => {
  for (const [name, payload] of Object.entries({ ...payloads, ...falsy })) {
    scenario(`${name} arrives as it was sent`, async (t) => {
      const { socket, stream, identifier } = await listening(t);
      await broadcast(stream, payload);
      assert.deepEqual(await socket.next(), delivered(identifier, payload));
    });
  }

  for (const [name, payload] of Object.entries(payloads)) {
    scenarioByBothClients(`${name} is received`, async (connect) => {
      const stream = unique('stream');
      const subscription = await Subscription.confirmed(connect(), 'StreamChannel', { streams: [stream] });
      await broadcast(stream, payload);
      assert.deepEqual(await subscription.received(), payload);
    });
  }

  for (const [name, payload] of Object.entries(falsy)) {
    scenarioByBothClients(`${name} does not confuse a client`, async (connect, client) => {
      const stream = unique('stream');
      const subscription = await Subscription.confirmed(connect(), 'StreamChannel', { streams: [stream] });
      await broadcast(stream, payload);
      if (client === '@rails/actioncable') assert.equal(await subscription.received(), payload);
      await broadcast(stream, 'after it');
      assert.equal(await subscription.received(), 'after it');
    });
  }

  scenario('a broadcast of 200 KB arrives whole', async (t) => {
    const { socket, stream, identifier } = await listening(t);
    const payload = { text: 'Grüße '.repeat(30_000) };
    await broadcast(stream, payload);
    assert.deepEqual(await socket.next(), delivered(identifier, payload));
  });

  scenario('a subscription may broadcast to others and to itself', async (t) => {
    const { socket, stream, identifier } = await listening(t);
    const other = await Socket.welcomed(t);
    await other.subscribe('StreamChannel', { streams: [stream] });
    socket.perform(identifier, 'say', { stream, message: { from: 'one' } });
    assert.deepEqual(await socket.next(), delivered(identifier, { from: 'one' }));
    assert.deepEqual(await other.next(), delivered(identifier, { from: 'one' }));
  });

  scenario('broadcasts that wait for each other arrive in order', async (t) => {
    const { socket, stream } = await listening(t);
    for (let n = 1; n <= 30; n += 1) {
      await broadcast(stream, n);
      assert.equal((await socket.next()).message, n);
    }
  });

  scenario('of broadcasts in one go none is lost, and none comes twice', async (t) => {
    assert.deepEqual(
      (await hundred(t)).sort((one, other) => one - other),
      inOrder,
    );
  });

  difference('Broadcasts keep their order', {
    ours: ['a hundred in one go arrive in order', async (t) => assert.deepEqual(await hundred(t), inOrder)],
    rails: [
      'of many in one go some overtake others',
      async (t) => {
        // Which ones is luck, but of a thousand at least one does.
        for (let round = 0; round < 10; round += 1) {
          if (String(await hundred(t)) !== String(inOrder)) return;
        }
        assert.fail('a thousand broadcasts arrived in order');
      },
    ],
  });
});
