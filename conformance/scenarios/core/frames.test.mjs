import assert from 'node:assert/strict';
import { delivered, feature, scenario, scenarioByBothClients, Socket, Subscription } from '../../harness.mjs';

const everything = {
  text: 'Grüße, мир, 世界, 👩🏽‍💻, \u0000\u001f\u2028\u2029\ud83d\ude00, "quoted", \\, </script>',
  empty: ['', {}, [], null, false, 0],
  numbers: [-1, 0.1, 1e-7, 1.5e300, 9007199254740991, -9007199254740991],
  deep: { a: [{ b: [{ c: [{ d: 'e' }] }] }] },
  ключ: '',
  '': 'an empty key',
};

feature('frames', () => {
  scenario('a data frame has an identifier and a message, and no type', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('EchoChannel');
    socket.perform(identifier, 'greet');
    assert.deepEqual(await socket.next(), { identifier, message: { hello: true } });
  });

  scenarioByBothClients('any JSON goes there and back', async (connect) => {
    const echo = await Subscription.confirmed(connect(), 'EchoChannel');
    assert.deepEqual(await echo.ask('echo', { everything }), { everything, action: 'echo' });
  });

  for (const number of ['9007199254740993', '-9223372036854775808', '18446744073709551615']) {
    scenario(`the whole number ${number} keeps its digits`, async (t) => {
      const socket = await Socket.welcomed(t);
      const identifier = await socket.subscribe('EchoChannel');
      socket.send('message', identifier, `{"n":${number},"action":"echo"}`);
      assert.match(await socket.nextText(), new RegExp(`"n":${number}[,}]`));
    });
  }

  scenario('a command may be spelled with blanks, escapes and its fields in any order', async (t) => {
    const socket = await Socket.welcomed(t);
    socket.sendText(' { "identifier" : "{\\u0022channel\\u0022:\\"EchoChannel\\"}" , "command" : "sub\\u0073cribe" } ');
    const identifier = '{"channel":"EchoChannel"}';
    assert.deepEqual(await socket.next(), { identifier, type: 'confirm_subscription' });
    socket.sendText(
      `{"data":"{\\"action\\":\\"greet\\"}","identifier":${JSON.stringify(identifier)},"command":"message"}`,
    );
    assert.deepEqual(await socket.next(), delivered(identifier, { hello: true }));
  });

  scenario('a command may arrive in several fragments', async (t) => {
    const socket = await Socket.welcomed(t);
    const identifier = await socket.subscribe('EchoChannel');
    const text = JSON.stringify({ command: 'message', identifier, data: '{"action":"echo","text":"Grüße"}' });
    const middle = Buffer.from(text).indexOf('ü') + 1;
    socket.socket.send(Buffer.from(text).subarray(0, middle), { binary: false, fin: false });
    socket.socket.send(Buffer.from(text).subarray(middle), { binary: false, fin: true });
    assert.deepEqual(await socket.next(), delivered(identifier, { action: 'echo', text: 'Grüße' }));
  });

  scenario("a client's close is answered with its code", async (t) => {
    const socket = await Socket.welcomed(t);
    socket.socket.close(1000);
    assert.deepEqual(await socket.closed, { code: 1000, reason: '' });
  });

  scenario("a client's WebSocket ping is answered with its payload", async (t) => {
    const socket = await Socket.welcomed(t);
    const ponged = new Promise((resolve) => socket.socket.once('pong', (payload) => resolve(String(payload))));
    socket.socket.ping('anybody there?');
    assert.equal(await ponged, 'anybody there?');
  });
});
