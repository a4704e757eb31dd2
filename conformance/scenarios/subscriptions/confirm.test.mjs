import assert from 'node:assert/strict';
import {
  broadcast,
  confirmed,
  delivered,
  feature,
  identifierOf,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

feature('confirmation', () => {
  scenario('a confirmation holds the identifier and its type, and nothing else', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = identifierOf('EchoChannel');
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), { identifier, type: 'confirm_subscription' });
  });

  scenario('what is transmitted while subscribing comes before the confirmation', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = identifierOf('StreamChannel', { greeting: 'hello', streams: [unique('stream')] });
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), delivered(identifier, { greeting: 'hello' }));
    assert.deepEqual(await socket.next(), confirmed(identifier));
  });

  scenario('a confirmation means that every stream is live', async (t) => {
    const socket = await Socket.welcomed(t);
    const streams = Array.from({ length: 20 }, () => unique('stream'));
    await socket.subscribe('StreamChannel', { streams });
    await Promise.all(streams.map((stream) => broadcast(stream, stream)));
    const got = await Promise.all(streams.map(async () => (await socket.next()).message));
    assert.deepEqual(got.sort(), streams.sort());
  });

  scenario('a confirmation waits until subscribing is over', async (t) => {
    const socket = await Socket.welcomed(t);
    const asked = performance.now();
    await socket.subscribe('StreamChannel', { wait_ms: 300 });
    assert(performance.now() - asked >= 299);
  });

  scenarioByBothClients(
    'a subscription that takes long is confirmed once, however often it is asked for',
    async (connect) => {
      const consumer = connect();
      const stream = unique('stream');
      const slow = await Subscription.confirmed(consumer, 'StreamChannel', { wait_ms: 1_400, streams: [stream] });
      const other = await Subscription.confirmed(consumer, 'StreamChannel', { streams: [stream] });
      await broadcast(stream, 'still here');
      assert.deepEqual([await other.received(), await slow.received()], ['still here', 'still here']);
      assert.equal(slow.unseen, 0);
    },
  );

  scenarioByBothClients('many subscriptions on one connection are told apart', async (connect) => {
    const consumer = connect();
    const numbers = Array.from({ length: 25 }, (_, number) => number);
    const made = numbers.map((number) => Subscription.confirmed(consumer, 'EchoChannel', { number }));
    const echoes = await Promise.all(made);
    const answers = await Promise.all(echoes.map((echo) => echo.ask('parameters')));
    assert.deepEqual(
      answers.map(({ parameters }) => parameters.number),
      numbers,
    );
  });
});
