import assert from 'node:assert/strict';
import { feature, handshake, scenario, Socket } from '../../harness.mjs';

const v1 = 'actioncable-v1-json';
const unsupported = 'actioncable-unsupported';

const chosen = [
  ['what the official client offers', `${v1}, ${unsupported}`, v1],
  ['the name alone', v1, v1],
  ['names without blanks', `${v1},${unsupported}`, v1],
  ['a newer protocol first', `actioncable-v1-ext-json, ${v1}`, v1],
  ['something unknown first', `soap, ${v1}, ${unsupported}`, v1],
  ["the client's order", `${unsupported}, ${v1}`, unsupported],
  ['only the one that stands for none', unsupported, unsupported],
  ['only unknown names', 'soap, wamp', undefined],
  ['a name in other case', 'ActionCable-v1-JSON', undefined],
  ['nothing', undefined, undefined],
];

feature('subprotocol', () => {
  for (const [name, offered, answer] of chosen) {
    scenario(`${name} is answered with ${answer ?? 'no name'}`, async () => {
      const { status, headers } = await handshake({ 'sec-websocket-protocol': offered });
      assert.deepEqual([status, headers['sec-websocket-protocol']], [101, answer]);
    });
  }

  for (const [name, offered] of [
    ['no name was offered', []],
    ['the client offered only the name for none', [unsupported]],
  ]) {
    scenario(`the session works when ${name}`, async (t) => {
      const socket = await Socket.welcomed(t, undefined, { offered });
      await socket.isQuiet();
    });
  }
});
