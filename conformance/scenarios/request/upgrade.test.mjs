import assert from 'node:assert/strict';
import { feature, handshake, scenario } from '../../harness.mjs';

const notFound = async (headers, options) => {
  const { status, headers: answered, body } = await handshake(headers, options);
  assert.deepEqual([status, body], [404, 'Page not found']);
  assert.match(answered['content-type'], /^text\/plain/);
};

feature('upgrade', () => {
  scenario('an upgrade is answered with 101 and the digest of its key', async () => {
    const { status, headers } = await handshake();
    assert.equal(status, 101);
    assert.equal(headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    assert.deepEqual([headers.upgrade, headers.connection], ['websocket', 'Upgrade']);
  });

  scenario('a request for a page gets 404', () => notFound({ connection: undefined, upgrade: undefined }));
  scenario('an upgrade to something else gets 404', () => notFound({ upgrade: 'h2c' }));
  scenario('a POST gets 404', () => notFound({}, { method: 'POST' }));

  scenario('headers of an upgrade may be spelled as browsers and proxies do', async () => {
    const { status } = await handshake({ connection: 'keep-alive, upgrade', upgrade: 'WebSocket' });
    assert.equal(status, 101);
  });

  scenario('no extension is negotiated', async () => {
    const { status, headers } = await handshake({
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits, x-webkit-deflate-frame',
    });
    assert.deepEqual([status, headers['sec-websocket-extensions']], [101, undefined]);
  });
});
