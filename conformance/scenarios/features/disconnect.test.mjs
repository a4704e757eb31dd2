// Closing somebody's connections from outside.
import assert from 'node:assert/strict';
import {
  cable,
  clients,
  difference,
  disconnect,
  feature,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
  willComeBack,
} from '../../harness.mjs';

feature('remote disconnect', () => {
  scenario('every connection of a pair is closed, and no other', async (t) => {
    const [user, shadower] = [unique('alice'), unique('bob')];
    const hers = [await Socket.welcomed(t, { user, shadower }), await Socket.welcomed(t, { user, shadower })];
    const others = [
      await Socket.welcomed(t, { user }),
      await Socket.welcomed(t, { user: shadower }),
      await Socket.welcomed(t, { user, shadower: unique('eve') }),
      await Socket.welcomed(t, { user: unique('carol'), shadower }),
    ];
    for (const socket of hers) await socket.isQuiet();
    await disconnect(user, shadower, true);
    for (const socket of hers) assert.deepEqual(await socket.closed, { code: 1000, reason: '' });
    for (const socket of others) await socket.isQuiet();
  });

  scenario('a user without a shadower can be closed without closing those who shadow', async (t) => {
    const [user, shadower] = [unique('alice'), unique('bob')];
    const alone = await Socket.welcomed(t, { user });
    const shadowed = await Socket.welcomed(t, { user, shadower });
    await alone.isQuiet();
    await disconnect(user, null, true);
    assert.deepEqual(await alone.closed, { code: 1000, reason: '' });
    await shadowed.isQuiet();
  });

  scenario('nobody there is no error', () => disconnect(unique('nobody'), null, false));

  scenario('the channels are told', async (t) => {
    const [user, farewell] = [unique('alice'), unique('farewell')];
    const watching = await Socket.welcomed(t);
    await watching.subscribe('StreamChannel', { streams: [farewell] });
    const socket = await Socket.welcomed(t, { user });
    const identifier = await socket.subscribe('StreamChannel', { farewell });
    await disconnect(user, null, true);
    assert.deepEqual((await watching.next()).message, { farewell: identifier });
  });

  scenarioByBothClients('a client that may come back does, with its subscriptions', async (connect) => {
    const user = unique('alice');
    const consumer = connect({ user });
    const echo = await Subscription.confirmed(consumer, 'EchoChannel');
    await echo.ask('greet');
    await disconnect(user, null, true);
    assert(willComeBack(consumer, await echo.expect('disconnected')));
    await echo.expect('connected');
    assert.deepEqual(await echo.ask('identity'), { current_user: user, shadower: null });
  });

  for (const reconnect of [true, false]) {
    difference('A remote disconnect is announced', {
      ours: [
        `a frame says that the client may ${reconnect ? '' : 'not '}come back`,
        async (t) => {
          const user = unique('alice');
          const socket = await Socket.welcomed(t, { user });
          await disconnect(user, null, reconnect);
          assert.deepEqual(await socket.next(), { type: 'disconnect', reason: 'remote', reconnect });
          assert.deepEqual(await socket.closed, { code: 1000, reason: '' });
        },
      ],
      rails: [
        `the connection just closes, whether the client may come back or not (${reconnect})`,
        async (t) => {
          const user = unique('alice');
          const socket = await Socket.welcomed(t, { user });
          await socket.isQuiet();
          await disconnect(user, null, reconnect);
          await assert.rejects(socket.next());
          assert.deepEqual(await socket.closed, { code: 1000, reason: '' });
        },
      ],
    });
  }

  for (const [name, connect] of Object.entries(clients)) {
    const sentAway = async () => {
      const user = unique('alice');
      const consumer = connect(cable({ user }));
      const echo = await Subscription.confirmed(consumer, 'EchoChannel');
      await echo.ask('greet');
      await disconnect(user, null, false);
      return willComeBack(consumer, await echo.expect('disconnected'));
    };
    difference('A remote disconnect is announced', {
      ours: [`${name} stays away if it is told to`, async () => assert.equal(await sentAway(), false)],
      rails: [`${name} comes back, whatever was asked for`, async () => assert.equal(await sentAway(), true)],
    });
  }

  difference('A pair has an order', {
    ours: [
      'Alice as Bob stays when Bob as Alice is closed',
      async (t) => {
        const [alice, bob] = [unique('alice'), unique('bob')];
        const socket = await Socket.welcomed(t, { user: bob, shadower: alice });
        await socket.isQuiet();
        await disconnect(alice, bob, true);
        await socket.isQuiet();
      },
    ],
    rails: [
      'Alice as Bob is closed together with Bob as Alice',
      async (t) => {
        const [alice, bob] = [unique('alice'), unique('bob')];
        const socket = await Socket.welcomed(t, { user: bob, shadower: alice });
        await socket.isQuiet();
        await disconnect(alice, bob, true);
        assert.equal((await socket.closed).code, 1000);
      },
    ],
  });
});
