// What a server cannot make sense of is answered by nothing, and the socket survives it.
import assert from 'node:assert/strict';
import { difference, feature, identifierOf, rejected, scenario, Socket, unique } from '../../harness.mjs';

const echo = identifierOf('EchoChannel');
const action = JSON.stringify({ action: 'echo' });

const frames = {
  'an empty frame': '',
  'no JSON': 'hello',
  'half a JSON object': '{"command":"subscribe"',
  'a JSON array': '["subscribe"]',
  'a JSON string': '"subscribe"',
  'a JSON number': '17',
  null: 'null',
  'an empty object': '{}',
  'an unknown command': { command: 'shout', identifier: echo },
  'a command that is no text': { command: 1, identifier: echo },
  'a subscribe without an identifier': { command: 'subscribe' },
  'an identifier that is null': { command: 'subscribe', identifier: null },
  'an identifier that is an object': { command: 'subscribe', identifier: { channel: 'EchoChannel' } },
  'an unsubscribe from what was never subscribed': { command: 'unsubscribe', identifier: echo },
  'an unsubscribe without an identifier': { command: 'unsubscribe' },
  'a message to what was never subscribed': { command: 'message', identifier: echo, data: action },
  'a message without an identifier': { command: 'message', data: action },
  'the name of a command in other case': { command: 'SUBSCRIBE', identifier: echo },
};

const impossible = {
  'no JSON': 'EchoChannel',
  'a JSON array': '["EchoChannel"]',
  'no channel': '{"id":1}',
  'a channel that is no text': '{"channel":17}',
  'a channel that nobody knows': '{"channel":"NoSuchChannel"}',
  'a name that is no channel': '{"channel":"String"}',
};

const messages = {
  'no data': {},
  'data that is null': { data: null },
  'data that is an object, not text': { data: { action: 'echo' } },
  'data that is no JSON': { data: 'echo' },
  'data that is a JSON array': { data: '["echo"]' },
  'data that is a JSON string': { data: '"echo"' },
  'an action that nobody knows': { data: '{"action":"no_such_action"}' },
  'an action that is an object': { data: '{"action":{"name":"echo"}}' },
  'an action that is a number': { data: '{"action":17}' },
  'the name of an action in other case': { data: '{"action":"Echo"}' },
};

feature('malformed input', () => {
  for (const [name, frame] of Object.entries(frames)) {
    scenario(`${name} is ignored`, async (t) => {
      const socket = await Socket.welcomed(t);
      socket.sendText(typeof frame === 'string' ? frame : JSON.stringify(frame));
      await socket.isQuiet();
    });
  }

  for (const [name, identifier] of Object.entries(impossible)) {
    difference('A subscription that cannot be is rejected', {
      ours: [
        `an identifier that is ${name}`,
        async (t) => {
          const socket = await Socket.welcomed(t);
          socket.send('subscribe', identifier);
          assert.deepEqual(await socket.next(), rejected(identifier));
          await socket.isQuiet();
        },
      ],
      rails: [
        `an identifier that is ${name} is answered by nothing`,
        async (t) => {
          const socket = await Socket.welcomed(t);
          socket.send('subscribe', identifier);
          await socket.isQuiet();
        },
      ],
    });
  }

  for (const [name, fields] of Object.entries(messages)) {
    scenario(`a message with ${name} is ignored`, async (t) => {
      const socket = await Socket.welcomed(t);
      const identifier = await socket.subscribe('EchoChannel', { for: unique('malformed') });
      socket.sendText(JSON.stringify({ command: 'message', identifier, ...fields }));
      await socket.isQuiet();
    });
  }

  scenario('a binary frame is ignored, whatever it holds', async (t) => {
    const socket = await Socket.welcomed(t);
    socket.socket.send(Buffer.from(JSON.stringify({ command: 'subscribe', identifier: echo })));
    await socket.isQuiet();
  });

  scenario('fields that nobody knows do no harm', async (t) => {
    const socket = await Socket.welcomed(t);
    socket.sendText(JSON.stringify({ history: { since: 1 }, command: 'subscribe', identifier: echo, presence: {} }));
    await socket.next();
    socket.sendText(JSON.stringify({ id: 9, command: 'message', identifier: echo, data: '{"action":"greet"}' }));
    await socket.next();
    await socket.isQuiet();
  });
});
