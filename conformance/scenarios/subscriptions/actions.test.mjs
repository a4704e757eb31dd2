import assert from 'node:assert/strict';
import {
  delivered,
  difference,
  feature,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

const subscribed = async (t, channel = 'EchoChannel', parameters = {}) => {
  const socket = await Socket.welcomed(t);
  return { socket, identifier: await socket.subscribe(channel, parameters) };
};

feature('actions', () => {
  scenarioByBothClients('an action gets its data, its own name included', async (connect) => {
    const echo = await Subscription.confirmed(connect(), 'EchoChannel');
    assert.deepEqual(await echo.ask('echo', { a: 1 }), { a: 1, action: 'echo' });
  });

  scenarioByBothClients('an action may take no data', async (connect) => {
    const echo = await Subscription.confirmed(connect(), 'EchoChannel');
    assert.deepEqual(await echo.ask('greet', { ignored: true }), { hello: true });
  });

  scenarioByBothClients('what is sent without an action is received', async (connect) => {
    const echo = await Subscription.confirmed(connect(), 'EchoChannel');
    echo.client.send({ a: 1 });
    assert.deepEqual(await echo.received(), { received: { a: 1 } });
  });

  for (const blank of ['""', '" \\t"', 'null', 'false', '[]', '{}']) {
    scenario(`an action that is ${blank} means receive`, async (t) => {
      const { socket, identifier } = await subscribed(t);
      socket.send('message', identifier, `{"action":${blank},"a":1}`);
      const { message } = await socket.next();
      assert.equal(message.received.a, 1);
    });
  }

  scenarioByBothClients('one action may answer several times, in order', async (connect) => {
    const echo = await Subscription.confirmed(connect(), 'EchoChannel');
    echo.perform('count', { to: 50 });
    for (let n = 1; n <= 50; n += 1) assert.deepEqual(await echo.received(), { n });
  });

  scenario('an action that fails is answered by nothing, and the subscription goes on', async (t) => {
    const { socket, identifier } = await subscribed(t);
    socket.perform(identifier, 'fail');
    await socket.isQuiet();
    socket.perform(identifier, 'greet');
    assert.deepEqual(await socket.next(), delivered(identifier, { hello: true }));
  });

  for (const name of [
    'transmit',
    'stream_from',
    'reject',
    'perform_action',
    'initialize',
    'instance_eval',
    'to_s',
    'later=',
  ]) {
    scenario(`${name} is no action`, async (t) => {
      const { socket, identifier } = await subscribed(t);
      socket.perform(identifier, name, { data: 1 });
      await socket.isQuiet();
    });
  }

  scenario('an action of another channel is none of this one', async (t) => {
    const { socket, identifier } = await subscribed(t);
    socket.perform(identifier, 'stop_all');
    await socket.isQuiet();
  });

  scenario('a channel without receive ignores what has no action', async (t) => {
    const { socket, identifier } = await subscribed(t, 'StreamChannel');
    socket.send('message', identifier, '{"a":1}');
    await socket.isQuiet();
  });

  difference('Only what is listed can be performed', {
    ours: [
      'the name of a callback is no action',
      async (t) => {
        const { socket, identifier } = await subscribed(t, 'StreamChannel', { farewell: unique('farewell') });
        for (const name of ['subscribed', 'unsubscribed']) socket.perform(identifier, name);
        await socket.isQuiet();
        socket.perform(identifier, 'stop_all');
        assert.deepEqual(await socket.next(), delivered(identifier, { stopped: 'all' }));
      },
    ],
    rails: [
      'a client can run what runs at subscribing',
      async (t) => {
        const socket = await Socket.welcomed(t);
        const identifier = JSON.stringify({ channel: 'StreamChannel', greeting: 'hello' });
        socket.send('subscribe', identifier);
        assert.deepEqual(await socket.next(), delivered(identifier, { greeting: 'hello' }));
        await socket.next();
        socket.perform(identifier, 'subscribed');
        assert.deepEqual(await socket.next(), delivered(identifier, { greeting: 'hello' }));
      },
    ],
  });
});
