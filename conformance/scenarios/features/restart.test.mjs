import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broadcast, cable, clients, restart, Socket, Subscription, unique, willComeBack } from '../../harness.mjs';

// A restart concerns everybody, so this is one scenario.
test(
  'after a restart everybody is told to come back, and both clients do, with all they had',
  { timeout: 60_000 },
  async (t) => {
    const bare = await Socket.welcomed(t);
    const pages = await Promise.all(
      Object.values(clients).map(async (connect) => {
        const consumer = connect(cable());
        t.after(() => consumer.disconnect());
        const stream = unique('stream');
        const subscription = await Subscription.confirmed(consumer, 'StreamChannel', { streams: [stream] });
        const echo = await Subscription.confirmed(consumer, 'EchoChannel');
        return { consumer, stream, subscription, echo };
      }),
    );
    // Before its first ping a client of Rails is not on the list of those that a restart closes.
    await bare.nextPing();

    await restart();

    assert.deepEqual(await bare.next(), { type: 'disconnect', reason: 'server_restart', reconnect: true });
    assert.deepEqual(await bare.closed, { code: 1000, reason: '' });
    for (const { consumer, stream, subscription, echo } of pages) {
      assert(willComeBack(consumer, await subscription.expect('disconnected')));
      await echo.expect('disconnected');
      await Promise.all([subscription.expect('connected'), echo.expect('connected')]);
      await broadcast(stream, 'welcome back');
      assert.equal(await subscription.received(), 'welcome back');
      assert.deepEqual(await echo.ask('greet'), { hello: true });
    }
  },
);
