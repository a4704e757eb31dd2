import assert from 'node:assert/strict';
import {
  confirmed,
  feature,
  identifierOf,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

feature('welcome', () => {
  scenario('the first frame is the welcome, and says nothing else', async (t) => {
    const socket = new Socket();
    t.after(() => socket.socket.terminate());
    assert.equal(await socket.nextText(), '{"type":"welcome"}');
  });

  scenario('a command that comes before the welcome is run after it', async (t) => {
    const socket = new Socket({ user: unique('early'), connect_ms: 400 });
    t.after(() => socket.socket.terminate());
    const identifier = identifierOf('EchoChannel');
    await socket.opened();
    socket.send('subscribe', identifier);
    assert.deepEqual(await socket.next(), { type: 'welcome' });
    assert.deepEqual(await socket.next(), confirmed(identifier));
  });

  scenario('nothing is sent unasked but pings', async (t) => {
    const socket = await Socket.welcomed(t);
    await socket.nextPing();
    await socket.isQuiet();
  });

  scenarioByBothClients('a client connects slowly and is served', async (connect) => {
    const echo = await Subscription.confirmed(connect({ user: unique('slow'), connect_ms: 300 }), 'EchoChannel');
    assert.deepEqual(await echo.ask('greet'), { hello: true });
  });
});
