// Streams for people: four ways to subscribe, two sessions, three ways to broadcast.
import assert from 'node:assert/strict';
import {
  broadcast,
  broadcastTo,
  difference,
  feature,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

// For each way to subscribe: what a broadcast to Alice, to Bob, and to the two of them reaches.
const tables = {
  account: { 'Alice alone': ['Alice'], 'Bob as Alice': ['Alice'] },
  pair: { 'Alice alone': [], 'Bob as Alice': ['[Alice, Bob]'] },
  both: { 'Alice alone': ['Alice'], 'Bob as Alice': ['Alice', '[Alice, Bob]'] },
  compact: { 'Alice alone': ['Alice'], 'Bob as Alice': ['[Alice, Bob]'] },
};

feature('streams for people', () => {
  for (const [audience, sessions] of Object.entries(tables)) {
    for (const [session, reached] of Object.entries(sessions)) {
      scenarioByBothClients(
        `${audience}: ${session} gets what is for ${reached.join(' and ') || 'neither'}`,
        async (connect) => {
          const [alice, bob] = [unique('alice'), unique('bob')];
          const query = session === 'Alice alone' ? { user: alice } : { user: alice, shadower: bob };
          const consumer = connect(query);
          const subscription = await Subscription.confirmed(consumer, 'AccountChannel', { audience });
          const stream = unique('fence');
          const fence = await Subscription.confirmed(consumer, 'StreamChannel', { streams: [stream] });
          const receivers = { Alice: alice, Bob: bob, '[Alice, Bob]': [alice, bob], '[Bob, Alice]': [bob, alice] };
          for (const [name, to] of Object.entries(receivers)) {
            await broadcastTo(to, name);
            if (reached.includes(name)) assert.equal(await subscription.received(), name);
          }
          await broadcast(stream, 'over');
          await fence.received();
          assert.equal(subscription.unseen, 0);
        },
      );
    }
  }

  scenarioByBothClients('a pair without a shadower is an audience of its own', async (connect) => {
    const alice = unique('alice');
    const pair = await Subscription.confirmed(connect({ user: alice }), 'AccountChannel', { audience: 'pair' });
    await broadcastTo(alice, 'the account');
    await broadcastTo([alice, null], 'nobody but herself');
    assert.equal(await pair.received(), 'nobody but herself');
  });

  scenarioByBothClients('one may leave the stream of an account and keep that of the pair', async (connect) => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const both = await Subscription.confirmed(connect({ user: alice, shadower: bob }), 'AccountChannel', {
      audience: 'both',
    });
    assert.deepEqual(await both.ask('leave'), { left: true });
    await broadcastTo(alice, 'the account');
    await broadcastTo([alice, bob], 'the pair');
    assert.equal(await both.received(), 'the pair');
  });

  difference('Names of people are not glued together', {
    ours: [
      'somebody with a strange name gets nothing that is for a pair',
      async (t) => {
        const [alice, bob] = [unique('alice'), unique('bob')];
        const socket = await Socket.welcomed(t, { user: `${alice}:${bob}` });
        await socket.subscribe('AccountChannel', { audience: 'account' });
        await broadcastTo([alice, bob], 'for the pair');
        await socket.isQuiet();
      },
    ],
    rails: [
      'a pair and somebody whose name has a colon share a stream',
      async (t) => {
        const [alice, bob] = [unique('alice'), unique('bob')];
        const socket = await Socket.welcomed(t, { user: `${alice}:${bob}` });
        await socket.subscribe('AccountChannel', { audience: 'account' });
        await broadcastTo([alice, bob], 'for the pair');
        assert.equal((await socket.next()).message, 'for the pair');
      },
    ],
  });
});
