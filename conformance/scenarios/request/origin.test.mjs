import assert from 'node:assert/strict';
import { feature, handshake, origin, scenario, Socket } from '../../harness.mjs';

const { host, hostname, port } = new URL(origin);

const refused = {
  'no origin': undefined,
  'an empty origin': '',
  'the origin of a sandboxed page': 'null',
  'another site': 'http://evil.example',
  'another port': `http://${hostname}:${Number(port) + 1}`,
  'no port': `http://${hostname}`,
  'another scheme': `https://${host}`,
  'an origin that begins with ours': `${origin}.evil.example`,
  'an origin that ends with ours': `http://evil.example/${host}`,
  'ours with a path': `${origin}/`,
  'an origin that begins with an allowed one': 'http://allowed.example.evil.example',
  'an allowed origin at another port': 'http://allowed.example:81',
  'an allowed origin in other case': 'http://ALLOWED.example',
};

feature('origin', () => {
  for (const [name, from] of Object.entries(refused)) {
    scenario(`${name} gets 404 before the upgrade`, async () => {
      const { status, headers, body } = await handshake({ origin: from });
      assert.deepEqual([status, body], [404, 'Page not found']);
      assert.match(headers['content-type'], /^text\/plain/);
    });
  }

  scenario("the server's own origin is let in", async () => {
    assert.equal((await handshake({ origin })).status, 101);
  });

  scenario('an allowed origin is let in', async (t) => {
    const socket = await Socket.welcomed(t, undefined, { headers: { origin: 'http://allowed.example' } });
    await socket.isQuiet();
  });

  scenario('the own origin is the one that the client asked for', async () => {
    const elsewhere = await handshake({ host: 'shop.example:8080', origin: 'http://shop.example:8080' });
    const confused = await handshake({ host: 'shop.example:8080', origin });
    assert.deepEqual([elsewhere.status, confused.status], [101, 404]);
  });
});
