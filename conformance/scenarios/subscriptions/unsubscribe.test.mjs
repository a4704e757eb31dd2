import assert from 'node:assert/strict';
import {
  broadcast,
  cable,
  clients,
  confirmed,
  delivered,
  feature,
  rejected,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

feature('unsubscribing', () => {
  scenario('it is answered by nothing', async (t) => {
    const socket = await Socket.welcomed(t);
    socket.send('unsubscribe', await socket.subscribe('EchoChannel'));
    await socket.isQuiet();
  });

  scenario('nothing is delivered any more', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const identifier = await socket.subscribe('StreamChannel', { streams: [stream] });
    const other = await socket.subscribe('StreamChannel', { streams: [stream], other: true });
    socket.send('unsubscribe', identifier);
    await socket.isQuiet();
    await broadcast(stream, 'for the other');
    assert.deepEqual(await socket.next(), delivered(other, 'for the other'));
    await socket.isQuiet();
  });

  scenario('its actions are gone', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('EchoChannel');
    socket.send('unsubscribe', identifier);
    await socket.isQuiet();
    socket.perform(identifier, 'greet');
    await socket.isQuiet();
  });

  scenario('one may subscribe again, and is confirmed again', async (t) => {
    const socket = await Socket.welcomed(t);
    for (const _ of [1, 2, 3]) {
      const identifier = await socket.subscribe('EchoChannel');
      socket.send('unsubscribe', identifier);
      await socket.isQuiet();
    }
  });

  scenario('the channel is told', async (t) => {
    const farewell = unique('farewell');
    const watching = await Socket.welcomed(t);
    const watch = await watching.subscribe('StreamChannel', { streams: [farewell] });
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('StreamChannel', { farewell });
    socket.send('unsubscribe', identifier);
    assert.deepEqual(await watching.next(), delivered(watch, { farewell: identifier }));
  });

  for (const [name, leave] of [
    ['closed', (socket) => socket.close()],
    ['cut off', (socket) => socket.terminate()],
  ]) {
    scenario(`the channel is told when the connection is ${name}, once for each subscription`, async (t) => {
      const farewell = unique('farewell');
      const watching = await Socket.welcomed(t);
      const watch = await watching.subscribe('StreamChannel', { streams: [farewell] });
      const socket = await Socket.welcomed(t);
      const identifiers = [
        await socket.subscribe('StreamChannel', { farewell, number: 1 }),
        await socket.subscribe('StreamChannel', { farewell, number: 2 }),
      ];
      leave(socket.socket);
      const told = [await watching.next(), await watching.next()];
      assert.deepEqual(
        told.map(({ identifier }) => identifier),
        [watch, watch],
      );
      assert.deepEqual(told.map(({ message }) => message.farewell).sort(), identifiers);
      await watching.isQuiet();
    });
  }

  scenario('what the server ends is told as a rejection, and delivers nothing any more', async (t) => {
    const socket = await Socket.welcomed(t);
    const [stream, farewell] = [unique('stream'), unique('farewell')];
    const watch = await socket.subscribe('StreamChannel', { streams: [farewell] });
    const identifier = await socket.subscribe('StreamChannel', { streams: [stream], farewell });
    socket.perform(identifier, 'finish');
    const told = [await socket.next(), await socket.next()];
    const byType = (one) => (one.type ? 0 : 1);
    told.sort((one, other) => byType(one) - byType(other));
    assert.deepEqual(told, [rejected(identifier), delivered(watch, { farewell: identifier })]);
    await broadcast(stream, 'for nobody');
    socket.perform(identifier, 'stop_all');
    await socket.isQuiet();
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), confirmed(identifier));
  });

  scenario('what the server ends does not come back when the client reconnects', async (t) => {
    const consumer = clients['@rails/actioncable'](cable());
    t.after(() => consumer.disconnect());
    const subscription = await Subscription.confirmed(consumer, 'StreamChannel');
    subscription.perform('finish');
    await subscription.expect('rejected');
    assert.deepEqual(consumer.subscriptions.subscriptions, []);
  });

  scenarioByBothClients('a client leaves and comes back', async (connect) => {
    const consumer = connect();
    const stream = unique('stream');
    const staying = await Subscription.confirmed(consumer, 'StreamChannel', { streams: [stream], staying: true });
    const first = await Subscription.confirmed(consumer, 'StreamChannel', { streams: [stream] });
    first.unsubscribe();
    const echo = await Subscription.confirmed(consumer, 'EchoChannel');
    assert.deepEqual(await echo.ask('greet'), { hello: true });
    await broadcast(stream, 1);
    assert.equal(await staying.received(), 1);
    const second = await Subscription.confirmed(consumer, 'StreamChannel', { streams: [stream] });
    await broadcast(stream, 2);
    assert.deepEqual([await second.received(), await staying.received()], [2, 2]);
    const gone = [];
    while (first.unseen > 0) gone.push((await first.nextEvent())[0]);
    assert(!gone.includes('received'), `${gone}`);
  });

  scenario('a confirmation after coming back is not the old one', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('StreamChannel', { greeting: undefined });
    socket.send('unsubscribe', identifier);
    await socket.isQuiet();
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), confirmed(identifier));
    await socket.isQuiet();
  });
});
