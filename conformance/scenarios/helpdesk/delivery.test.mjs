// Who gets what: tables, row by row, with each official client.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { serveHelpdesk } from '../../../e2e/helpdesk.mjs';
import { clients } from '../../clients.mjs';
import { listens, Person } from './people.mjs';

const helpdesk = await serveHelpdesk();
const { origin } = helpdesk;

const dana = await Person.signedIn(origin, 'Dana');
const people = {
  'Alice herself': await Person.signedIn(origin, 'Alice'),
  'Bob as Alice': await Person.as(origin, 'Bob', 'Alice'),
  'Eve as Alice': await Person.as(origin, 'Eve', 'Alice'),
  'Bob himself': await Person.signedIn(origin, 'Bob'),
  'Bob as Carol': await Person.as(origin, 'Bob', 'Carol'),
};
const [alice, bob] = [people['Alice herself'].account.id, people['Bob himself'].account.id];

after(async () => {
  await Promise.all(Object.values(people).map((person) => person.leaves()));
  await helpdesk.close();
});

const kinds = ['account', 'owner', 'shadowed', 'pair', 'exactly', 'true_user'];

/** A page of somebody who listens to every kind of audience, and what it has received. */
class Page {
  static async open(person, client) {
    const page = new Page();
    const consumer = person.opens(client);
    page.subscriptions = new Map();
    for (const kind of kinds) {
      const subscription = await listens(consumer, kind);
      if (subscription) page.subscriptions.set(kind, subscription);
    }
    return page;
  }

  /** Returns the kinds of the subscriptions that received something; everything before `last` has arrived. */
  async received(last) {
    const fence = this.subscriptions.get('exactly');
    const got = [];
    for (;;) {
      const message = await fence.received();
      if (message === last) break;
      got.push('exactly');
    }
    for (const [kind, subscription] of this.subscriptions) {
      while (subscription.unseen > 0) {
        await subscription.received();
        got.push(kind);
      }
    }
    return got;
  }
}

// What a page is sent last, so that it is known when there is nothing more to wait for.
const exactly = {
  'Alice herself': { kind: 'exactly', account: alice },
  'Bob as Alice': { kind: 'exactly', account: alice, shadower: bob },
  'Eve as Alice': { kind: 'exactly', account: alice, shadower: people['Eve as Alice'].account.id },
  'Bob himself': { kind: 'exactly', account: bob },
  'Bob as Carol': { kind: 'exactly', account: (await dana.accountOf('Carol')).id, shadower: bob },
};

async function whatArrived(pages, audience) {
  const count = await dana.broadcasts(audience, 'something');
  const arrived = {};
  for (const [name, page] of Object.entries(pages)) {
    await dana.broadcasts(exactly[name], 'that was all');
    arrived[name] = await page.received('that was all');
  }
  return { count, arrived };
}

const audiences = [
  ['account(alice)', { kind: 'account', account: alice }, ['Alice herself', 'Bob as Alice', 'Eve as Alice']],
  ['owner(alice)', { kind: 'owner', account: alice }, ['Alice herself']],
  ['shadowed(alice)', { kind: 'shadowed', account: alice }, ['Bob as Alice', 'Eve as Alice']],
  ['pair(alice, bob)', { kind: 'pair', account: alice, shadower: bob }, ['Bob as Alice']],
  ['exactly(Bob as Alice)', exactly['Bob as Alice'], ['Bob as Alice']],
  ['true_user(bob)', { kind: 'true_user', account: bob }, ['Bob as Alice', 'Bob himself', 'Bob as Carol']],
];

// The first table has one stream, the second the pair's, the third both, the fourth the one or the other.
const toAlice = { kind: 'account', account: alice };
const toBob = { kind: 'account', account: bob };
const toPair = { kind: 'pair', account: alice, shadower: bob };
const compact = {
  Alice: exactly['Alice herself'],
  Bob: exactly['Bob himself'],
  '[Alice, Bob]': exactly['Bob as Alice'],
};
const plain = { Alice: toAlice, Bob: toBob, '[Alice, Bob]': toPair };
const x = true;
const tables = [
  [
    'stream_for current_user',
    ['account'],
    plain,
    [
      ['Alice herself', 'Alice', x],
      ['Alice herself', 'Bob'],
      ['Alice herself', '[Alice, Bob]'],
      ['Bob as Alice', 'Alice', x],
      ['Bob as Alice', 'Bob'],
      ['Bob as Alice', '[Alice, Bob]'],
    ],
  ],
  [
    'stream_for [current_user, shadower]',
    ['pair'],
    plain,
    [
      ['Alice herself', 'Alice'],
      ['Alice herself', 'Bob'],
      ['Alice herself', '[Alice, Bob]'],
      ['Bob as Alice', 'Alice'],
      ['Bob as Alice', 'Bob'],
      ['Bob as Alice', '[Alice, Bob]', x],
    ],
  ],
  [
    'both',
    ['account', 'pair'],
    plain,
    [
      ['Alice herself', 'Alice', x],
      ['Alice herself', 'Bob'],
      ['Alice herself', '[Alice, Bob]'],
      ['Bob as Alice', 'Alice', x],
      ['Bob as Alice', 'Bob'],
      ['Bob as Alice', '[Alice, Bob]', x],
    ],
  ],
  [
    'stream_for [current_user, shadower].compact',
    ['exactly'],
    compact,
    [
      ['Alice herself', 'Alice', x],
      ['Alice herself', 'Bob'],
      ['Alice herself', '[Alice, Bob]'],
      ['Bob as Alice', 'Alice'],
      ['Bob as Alice', 'Bob'],
      ['Bob as Alice', '[Alice, Bob]', x],
    ],
  ],
];

for (const client of Object.keys(clients)) {
  describe(`seen by ${client}`, () => {
    const pages = {};

    after(async () => {
      Object.values(people).forEach((person) => person.closes());
      // The next ones count who is there.
      for (const audience of [toAlice, { kind: 'true_user', account: bob }]) {
        while ((await dana.broadcasts(audience, 'anybody left?')) > 0);
      }
    });

    test('everybody listens to the audiences that they are in, and to no other', async () => {
      for (const [name, person] of Object.entries(people)) pages[name] = await Page.open(person, client);
      const shadowing = ['account', 'shadowed', 'pair', 'exactly', 'true_user'];
      const alone = ['account', 'owner', 'exactly', 'true_user'];
      for (const [name, { subscriptions }] of Object.entries(pages)) {
        assert.deepEqual([...subscriptions.keys()], name.includes(' as ') ? shadowing : alone, name);
      }
    });

    for (const [name, audience, reached] of audiences) {
      test(`${name} reaches ${reached.join(', ')}, and nobody else`, async () => {
        const { count, arrived } = await whatArrived(pages, audience);
        for (const [person, kindsOfThem] of Object.entries(arrived)) {
          assert.deepEqual(kindsOfThem, reached.includes(person) ? [audience.kind] : [], person);
        }
        assert.equal(count, reached.length);
      });
    }

    for (const [table, streams, receivers, rows] of tables) {
      for (const [session, to, received = false] of rows) {
        test(`${table}: ${session}, to ${to}: ${received ? 'received' : 'not received'}`, async () => {
          const { arrived } = await whatArrived(pages, receivers[to]);
          const wanted = arrived[session].filter((kind) => streams.includes(kind));
          assert.equal(wanted.length, received ? 1 : 0);
        });
      }
    }

    test('what is for everybody who sees an account arrives as it was sent, on its channel alone', async () => {
      const message = { text: 'Grüße 👩🏽‍💻', list: [1, null] };
      await dana.broadcasts(toAlice, message);
      const subscription = pages['Bob as Alice'].subscriptions.get('account');
      assert.deepEqual(await subscription.received(), message);
      await pages['Alice herself'].subscriptions.get('account').received();
      await pages['Eve as Alice'].subscriptions.get('account').received();
      await dana.broadcasts(toAlice, 'news', 'NotificationsChannel');
      await dana.broadcasts(exactly['Bob as Alice'], 'that was all');
      assert.deepEqual(await pages['Bob as Alice'].received('that was all'), []);
    });
  });
}
