import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import {
  broadcast,
  delivered,
  difference,
  feature,
  scenario,
  scenarioByBothClients,
  Socket,
  Subscription,
  unique,
} from '../../harness.mjs';

const ask = async (socket, identifier, action, payload, answer) => {
  socket.perform(identifier, action, payload);
  assert.deepEqual(await socket.next(), delivered(identifier, answer));
};

feature('streams', () => {
  scenarioByBothClients('a broadcast reaches everybody on its stream, and nobody else', async (connect) => {
    const stream = unique('stream');
    const [one, two, three] = [connect(), connect(), connect()];
    const first = await Subscription.confirmed(one, 'StreamChannel', { streams: [stream] });
    const second = await Subscription.confirmed(two, 'StreamChannel', { streams: [stream] });
    const other = await Subscription.confirmed(three, 'StreamChannel', { streams: [`${stream}2`] });
    await broadcast(stream, { hello: 'you' });
    assert.deepEqual([await first.received(), await second.received()], [{ hello: 'you' }, { hello: 'you' }]);
    await broadcast(`${stream}2`, 'fence');
    assert.equal(await other.received(), 'fence');
  });

  scenarioByBothClients('one subscription may have several streams', async (connect) => {
    const streams = [unique('stream'), unique('stream')];
    const both = await Subscription.confirmed(connect(), 'StreamChannel', { streams });
    await broadcast(streams[0], 'one');
    assert.equal(await both.received(), 'one');
    await broadcast(streams[1], 'two');
    assert.equal(await both.received(), 'two');
  });

  scenario('two subscriptions of one connection on one stream get a frame each', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const one = await socket.subscribe('StreamChannel', { streams: [stream], number: 1 });
    const two = await socket.subscribe('StreamChannel', { streams: [stream], number: 2 });
    await broadcast(stream, { n: 1 });
    const frames = [await socket.next(), await socket.next()];
    assert.deepEqual(frames.map(({ identifier }) => identifier).sort(), [one, two]);
    assert.deepEqual(
      frames.map(({ message }) => message),
      [{ n: 1 }, { n: 1 }],
    );
    await socket.isQuiet();
  });

  difference('A stream has begun when the action that joined it answers', {
    ours: [
      'what is broadcast after the answer arrives, each time that the stream is joined',
      async (t) => {
        const socket = await Socket.welcomed(t);
        const stream = unique('stream');
        const identifier = await socket.subscribe('StreamChannel');
        for (let n = 0; n < 50; n += 1) {
          await ask(socket, identifier, 'start', { stream }, { started: stream });
          await broadcast(stream, n);
          assert.deepEqual(await socket.next(), delivered(identifier, n));
          await ask(socket, identifier, 'stop', { stream }, { stopped: stream });
          await broadcast(stream, 'for nobody');
        }
        await socket.isQuiet();
      },
    ],
    rails: [
      'it begins soon after the answer, and what is broadcast in between is lost',
      async (t) => {
        const socket = await Socket.welcomed(t);
        const stream = unique('stream');
        const identifier = await socket.subscribe('StreamChannel');
        await ask(socket, identifier, 'start', { stream }, { started: stream });
        let begun = false;
        const first = socket.next().finally(() => (begun = true));
        while (!begun) {
          await broadcast(stream, 'anybody?');
          await Promise.race([first, setTimeout(100)]);
        }
        assert.deepEqual(await first, delivered(identifier, 'anybody?'));
      },
    ],
  });

  scenario('a subscription may leave all its streams, and goes on', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const identifier = await socket.subscribe('StreamChannel', { streams: [stream] });
    await ask(socket, identifier, 'stop', { stream }, { stopped: stream });
    await broadcast(stream, 'for nobody');
    await socket.isQuiet();
    await ask(socket, identifier, 'stop', { stream }, { stopped: stream });
  });

  scenario('leaving one stream leaves the others', async (t) => {
    const socket = await Socket.welcomed(t);
    const [gone, kept] = [unique('stream'), unique('stream')];
    const identifier = await socket.subscribe('StreamChannel', { streams: [gone, kept] });
    await ask(socket, identifier, 'stop', { stream: gone }, { stopped: gone });
    await broadcast(gone, 'for nobody');
    await broadcast(kept, 'for us');
    assert.deepEqual(await socket.next(), delivered(identifier, 'for us'));
    await socket.isQuiet();
  });

  scenario('leaving a stream that one is not on does nothing', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('stream');
    const identifier = await socket.subscribe('StreamChannel', { streams: [stream] });
    await ask(socket, identifier, 'stop', { stream: 'no such' }, { stopped: 'no such' });
    await broadcast(stream, 1);
    assert.deepEqual(await socket.next(), delivered(identifier, 1));
  });

  scenario('leaving all streams keeps the subscription, and those of others', async (t) => {
    const socket = await Socket.welcomed(t);
    const streams = [unique('stream'), unique('stream')];
    const identifier = await socket.subscribe('StreamChannel', { streams });
    const other = await socket.subscribe('StreamChannel', { streams, other: true });
    await ask(socket, identifier, 'stop_all', {}, { stopped: 'all' });
    await broadcast(streams[0], 0);
    assert.deepEqual(await socket.next(), delivered(other, 0));
    await broadcast(streams[1], 1);
    assert.deepEqual(await socket.next(), delivered(other, 1));
    await socket.isQuiet();
    await ask(socket, identifier, 'start', { stream: streams[0] }, { started: streams[0] });
  });

  for (const name of ['a:b', 'with blanks', '世界', '*', 'a/b?c=d', '', 'x'.repeat(300)]) {
    scenario(`a stream may be called "${name.slice(0, 20)}"`, async (t) => {
      const socket = await Socket.welcomed(t);
      const stream = name && `${name}${unique('')}`;
      const identifier = await socket.subscribe('StreamChannel', { streams: [stream] });
      await broadcast(stream, 'hello');
      assert.deepEqual(await socket.next(), delivered(identifier, 'hello'));
    });
  }

  scenario('names of streams are compared to the byte', async (t) => {
    const socket = await Socket.welcomed(t);
    const stream = unique('Stream-é');
    const identifier = await socket.subscribe('StreamChannel', { streams: [stream] });
    for (const other of [stream.toLowerCase(), stream.normalize('NFD'), `${stream} `, ` ${stream}`, `${stream}\n`]) {
      await broadcast(other, 'for nobody');
    }
    await broadcast(stream, 'for us');
    assert.deepEqual(await socket.next(), delivered(identifier, 'for us'));
    await socket.isQuiet();
  });

  scenario('a broadcast that nobody listens to is nothing special', () => broadcast(unique('stream'), 'anybody?'));

  difference('A stream joined twice delivers once', {
    ours: [
      'and is left by leaving it once',
      async (t) => {
        const socket = await Socket.welcomed(t);
        const stream = unique('stream');
        const identifier = await socket.subscribe('StreamChannel', { streams: [stream, stream] });
        await broadcast(stream, 1);
        assert.deepEqual(await socket.next(), delivered(identifier, 1));
        await socket.isQuiet();
        await ask(socket, identifier, 'stop', { stream }, { stopped: stream });
        await broadcast(stream, 2);
        await socket.isQuiet();
      },
    ],
    rails: [
      'it delivers twice, and cannot be left any more',
      async (t) => {
        const socket = await Socket.welcomed(t);
        const stream = unique('stream');
        const identifier = await socket.subscribe('StreamChannel', { streams: [stream, stream] });
        await broadcast(stream, 1);
        assert.deepEqual(await socket.next(), delivered(identifier, 1));
        assert.deepEqual(await socket.next(), delivered(identifier, 1));
        await ask(socket, identifier, 'stop', { stream }, { stopped: stream });
        await broadcast(stream, 2);
        assert.deepEqual(await socket.next(), delivered(identifier, 2));
      },
    ],
  });

  difference('Control messages are not in the name space of streams', {
    ours: [
      'what a broadcast says is only ever data',
      async (t) => {
        const user = unique('alice');
        const socket = await Socket.welcomed(t, { user });
        for (const name of [`action_cable/${user}`, `action_cable:${user}`, user]) {
          await broadcast(name, { type: 'disconnect', reconnect: false });
        }
        await socket.isQuiet();
      },
    ],
    rails: [
      'whoever can name a stream can close the connections of others',
      async (t) => {
        const user = unique('alice');
        const socket = await Socket.welcomed(t, { user });
        await socket.isQuiet();
        await broadcast(`action_cable/${user}`, { type: 'disconnect', reconnect: false });
        assert.equal((await socket.closed).code, 1000);
      },
    ],
  });
});
