import assert from 'node:assert/strict';
import { feature, scenario, scenarioByBothClients, Socket, Subscription } from '../../harness.mjs';

feature('periodic timers', () => {
  scenarioByBothClients('they tick as often as they should', async (connect) => {
    const timer = await Subscription.confirmed(connect(), 'TimerChannel');
    const began = performance.now();
    for (let tick = 1; tick <= 5; tick += 1) assert.deepEqual(await timer.received(), { tick });
    const took = performance.now() - began;
    assert(took > 600 && took < 2_000, `five ticks of 200 ms took ${took} ms`);
  });

  scenario('the first tick comes after the confirmation', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('TimerChannel');
    assert.deepEqual(await socket.next(), { identifier, message: { tick: 1 } });
  });

  scenario('each subscription has its own', async (t) => {
    const socket = await Socket.welcomed(t);
    const one = await socket.subscribe('TimerChannel', { number: 1 });
    assert.deepEqual((await socket.next()).message, { tick: 1 });
    const two = JSON.stringify({ channel: 'TimerChannel', number: 2 });
    socket.send('subscribe', two);
    const ticks = { [one]: [], [two]: [] };
    while (ticks[two].length < 3) {
      const { identifier, message } = await socket.next();
      if (message) ticks[identifier].push(message.tick);
    }
    assert.deepEqual(ticks[two], [1, 2, 3]);
    assert(
      ticks[one].every((tick, index) => tick === index + 2),
      `${ticks[one]}`,
    );
  });

  scenario('they stop with their subscription', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('TimerChannel');
    await socket.next();
    socket.send('unsubscribe', identifier);
    const echo = JSON.stringify({ channel: 'EchoChannel' });
    socket.send('subscribe', echo);
    // A tick may have been on its way.
    while ((await socket.next()).type !== 'confirm_subscription');
    socket.perform(echo, 'later', { ms: 500 });
    assert.equal((await socket.next()).identifier, echo);
  });
});
