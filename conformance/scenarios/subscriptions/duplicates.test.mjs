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

feature('duplicates', () => {
  scenario('a second subscribe is answered by nothing, and changes nothing', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const identifier = await socket.subscribe('StreamChannel', { streams: [stream], greeting: undefined });
    socket.send('subscribe', identifier);
    await socket.isQuiet();
    await broadcast(stream, 'once');
    assert.deepEqual(await socket.next(), delivered(identifier, 'once'));
    await socket.isQuiet();
  });

  scenario('a second subscribe while the first is still being decided is answered once', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = identifierOf('StreamChannel', { wait_ms: 400 });
    socket.send('subscribe', identifier);
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), confirmed(identifier));
    await socket.isQuiet();
  });

  scenario('one unsubscribe undoes any number of subscribes', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const identifier = await socket.subscribe('StreamChannel', { streams: [stream] });
    for (const _ of [1, 2, 3]) socket.send('subscribe', identifier);
    await socket.isQuiet();
    socket.send('unsubscribe', identifier);
    await socket.isQuiet();
    await broadcast(stream, 'for nobody');
    await socket.isQuiet();
  });

  scenario('a hundred duplicates cost less than a second', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('EchoChannel');
    const began = performance.now();
    for (let count = 0; count < 100; count += 1) socket.send('subscribe', identifier);
    await socket.isQuiet();
    assert(performance.now() - began < 1_000);
  });

  // The client asks every 500 ms for the one that is never confirmed; the other one must not suffer.
  scenarioByBothClients('two of one identifier in a page both receive, and only once each', async (connect, name) => {
    const consumer = connect();
    const stream = unique('stream');
    const first = await Subscription.confirmed(consumer, 'StreamChannel', { streams: [stream] });
    const second = new Subscription(consumer, 'StreamChannel', { streams: [stream] });
    if (name === '@anycable/core') await second.expect('connected');
    await broadcast(stream, 'to both');
    assert.deepEqual([await first.received(), await second.received()], ['to both', 'to both']);
    const echo = await Subscription.confirmed(consumer, 'EchoChannel');
    await echo.ask('later', { ms: 1_200 });
    assert.deepEqual([first.unseen, second.unseen], [0, 0]);
  });
});
