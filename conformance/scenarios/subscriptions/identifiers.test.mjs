// An identifier is a key made of bytes: it is echoed as it came, and two spellings are two subscriptions.
import assert from 'node:assert/strict';
import {
  broadcast,
  confirmed,
  delivered,
  feature,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

feature('identifiers', () => {
  scenario('three spellings of the same parameters are three subscriptions, each echoed as it came', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const spellings = [
      `{"channel":"StreamChannel","streams":["${stream}"]}`,
      `{"streams":["${stream}"],"channel":"StreamChannel"}`,
      `{ "channel": "StreamChannel",\t"streams": [ "${stream}" ] }`,
    ];
    for (const identifier of spellings) {
      socket.send('subscribe', identifier);
      assert.deepEqual(await socket.next(), confirmed(identifier));
    }
    await broadcast(stream, 'once each');
    const got = [await socket.next(), await socket.next(), await socket.next()];
    assert.deepEqual(got.map(({ identifier }) => identifier).sort(), spellings.sort());
    socket.send('unsubscribe', spellings[0]);
    await socket.isQuiet();
    await broadcast(stream, 'once less');
    const left = [await socket.next(), await socket.next()];
    assert.deepEqual(left.map(({ identifier }) => identifier).sort(), spellings.slice(1).sort());
    await socket.isQuiet();
  });

  const spellings = {
    'escapes that need not be': '{"channel":"\\u0045choChannel"}',
    'text beyond ASCII': '{"channel":"EchoChannel","имя":"Grüße 👩🏽‍💻"}',
    'a slash and its escape': '{"channel":"EchoChannel","path":"/a\\/b"}',
    'a key twice': '{"channel":"EchoChannel","id":1,"id":2}',
    'numbers of odd form': '{"channel":"EchoChannel","n":1.0,"m":1e2,"k":-0}',
    'blanks around it': '  {"channel":"EchoChannel"}\n',
    HTML: '{"channel":"EchoChannel","html":"<script>&amp;</script>"}',
  };
  for (const [name, identifier] of Object.entries(spellings)) {
    scenario(`${name} is echoed to the byte`, async (t) => {
      const socket = await Socket.welcomed(t);
      socket.send('subscribe', identifier);
      assert.deepEqual(await socket.next(), confirmed(identifier));
      socket.perform(identifier, 'greet');
      assert.deepEqual(await socket.next(), delivered(identifier, { hello: true }));
    });
  }

  scenario('an unsubscribe of another spelling has no effect', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('EchoChannel', { a: 1, b: 2 });
    socket.send('unsubscribe', '{"channel":"EchoChannel","b":2,"a":1}');
    await socket.isQuiet();
    socket.perform(identifier, 'greet');
    assert.deepEqual(await socket.next(), delivered(identifier, { hello: true }));
  });

  scenarioByBothClients('parameters arrive as they were given', async (connect) => {
    const given = { id: 7, name: 'Grüße', list: [1, [2], { three: 3 }], nothing: null, yes: true };
    const echo = await Subscription.confirmed(connect(), 'EchoChannel', { ...given });
    assert.deepEqual(await echo.ask('parameters'), { parameters: { channel: 'EchoChannel', ...given } });
  });

  scenario('the same identifier on two connections is two subscriptions', async (t) => {
    const [one, other] = [await Socket.welcomed(t), await Socket.welcomed(t)];
    const stream = unique('stream');
    const identifier = await one.subscribe('StreamChannel', { streams: [stream] });
    await other.subscribe('StreamChannel', { streams: [stream] });
    one.send('unsubscribe', identifier);
    await one.isQuiet();
    await broadcast(stream, 'hello');
    assert.deepEqual(await other.next(), delivered(identifier, 'hello'));
    await one.isQuiet();
  });
});
