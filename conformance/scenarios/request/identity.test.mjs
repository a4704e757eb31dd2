import assert from 'node:assert/strict';
import {
  feature,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
  willComeBack,
} from '../../harness.mjs';

feature('identity', () => {
  for (const [name, query] of [
    ['nobody', {}],
    ['nobody with a shadower', { shadower: 'bob' }],
    ['an empty name', { user: '' }],
  ]) {
    scenario(`${name} is upgraded, told to stay away, and closed`, async (t) => {
      const socket = new Socket(query);
      t.after(() => socket.socket.terminate());
      assert.deepEqual(await socket.next(), { type: 'disconnect', reason: 'unauthorized', reconnect: false });
      assert.deepEqual(await socket.closed, { code: 1000, reason: '' });
    });
  }

  scenarioByBothClients('nobody does not come back', async (connect) => {
    const consumer = connect({});
    const echo = new Subscription(consumer, 'EchoChannel');
    assert.equal(willComeBack(consumer, await echo.expect('disconnected')), false);
  });

  scenarioByBothClients('a user without a shadower is accepted', async (connect) => {
    const user = unique('alice');
    const echo = await Subscription.confirmed(connect({ user }), 'EchoChannel');
    assert.deepEqual(await echo.ask('identity'), { current_user: user, shadower: null });
  });

  scenarioByBothClients('a user with a shadower is the pair', async (connect) => {
    const [user, shadower] = [unique('alice'), unique('bob')];
    const echo = await Subscription.confirmed(connect({ user, shadower }), 'EchoChannel');
    assert.deepEqual(await echo.ask('identity'), { current_user: user, shadower });
  });
});
