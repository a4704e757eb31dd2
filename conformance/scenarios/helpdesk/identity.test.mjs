// A connection is who its page is, and ends with it.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { serveHelpdesk } from '../../../e2e/helpdesk.mjs';
import { clients, Subscription, willComeBack } from '../../clients.mjs';
import { listens, Person } from './people.mjs';

const helpdesk = await serveHelpdesk();
const { origin } = helpdesk;
const dana = await Person.signedIn(origin, 'Dana');
after(() => helpdesk.close());

const refuses = async (consumer) => {
  const subscription = new Subscription(consumer, 'NotificationsChannel');
  assert.equal(willComeBack(consumer, await subscription.expect('disconnected')), false);
};

for (const client of Object.keys(clients)) {
  describe(`seen by ${client}`, () => {
    const scenario = (claim, body) =>
      test(claim, { timeout: 60_000 }, async (t) => {
        const here = [];
        t.after(() => Promise.all(here.map((person) => person.leaves())));
        const present = async (coming) => {
          const person = await coming;
          here.push(person);
          return person;
        };
        await body(present);
      });

    scenario('nobody is refused, for good', async (present) => {
      await refuses((await present(new Person(origin))).opens(client));
    });

    scenario('an agent as a customer gets what is for the customer', async (present) => {
      const bob = await present(Person.as(origin, 'Bob', 'Alice'));
      const notifications = await Subscription.confirmed(bob.opens(client), 'NotificationsChannel');
      const alice = (await dana.accountOf('Alice')).id;
      await dana.broadcasts({ kind: 'account', account: alice }, { text: 'hello' }, 'NotificationsChannel');
      assert.deepEqual(await notifications.received(), { text: 'hello' });
    });

    scenario('what is performed is echoed, also to an agent who only reads', async (present) => {
      for (const person of [
        await present(Person.signedIn(origin, 'Alice')),
        await present(Person.as(origin, 'Bob', 'Alice')),
      ]) {
        const echo = await listens(person.opens(client), 'account');
        assert.deepEqual(await echo.ask('echo', { a: [1, null, 'Grüße'] }), { a: [1, null, 'Grüße'], action: 'echo' });
      }
    });

    scenario('a customer sees an agent come and go', async (present) => {
      const alice = await present(Person.signedIn(origin, 'Alice'));
      const bob = await present(Person.as(origin, 'Bob', 'Alice'));
      const presence = new Subscription(alice.opens(client), 'PresenceChannel');
      const sees = async (isThere) => {
        for (;;) {
          const [happened, message] = await presence.nextEvent();
          const names = message?.present?.map(({ name }) => name) ?? [];
          if (happened === 'received' && names.includes(bob.account.name) === isThere) return;
        }
      };
      await sees(false);
      new Subscription(bob.opens(client), 'PresenceChannel');
      await sees(true);
      await bob.stops();
      await sees(false);
    });

    scenario('a stop ends the sockets of that impersonation, for good, and no other', async (present) => {
      const leaving = await present(Person.as(origin, 'Bob', 'Alice'));
      const others = [
        await present(Person.signedIn(origin, 'Alice')),
        await present(Person.as(origin, 'Eve', 'Alice')),
        await present(Person.signedIn(origin, 'Bob')),
      ];
      const consumer = leaving.opens(client);
      const [one, two] = [await listens(consumer, 'pair'), await listens(consumer, 'account')];
      const staying = await Promise.all(others.map((person) => listens(person.opens(client), 'account')));
      await leaving.stops();
      for (const subscription of [one, two]) {
        assert.equal(willComeBack(consumer, await subscription.expect('disconnected')), false);
      }
      for (const subscription of staying) {
        assert.deepEqual(await subscription.ask('echo', {}), { action: 'echo' });
      }
    });

    scenario('after a stop the same browser connects as the agent', async (present) => {
      const bob = await present(Person.as(origin, 'Bob', 'Alice'));
      await bob.stops();
      const own = await listens(bob.opens(client), 'owner');
      assert.deepEqual(await own.ask('echo', {}), { action: 'echo' });
    });

    scenario('the cookie of an ended impersonation connects as nobody', async (present) => {
      const bob = await present(Person.as(origin, 'Bob', 'Alice'));
      const thief = await present(new Person(origin));
      const stolen = bob.cookie;
      Object.defineProperty(thief, 'cookie', { value: stolen });
      await bob.stops();
      await refuses(thief.opens(client));
    });

    scenario("a start ends the agent's own sockets of that browser", async (present) => {
      const bob = await present(Person.signedIn(origin, 'Bob'));
      const elsewhere = await present(Person.signedIn(origin, 'Bob'));
      const consumer = bob.opens(client);
      const own = await listens(consumer, 'owner');
      const other = await listens(elsewhere.opens(client), 'owner');
      await bob.starts('Alice');
      assert.equal(willComeBack(consumer, await own.expect('disconnected')), false);
      assert.deepEqual(await other.ask('echo', {}), { action: 'echo' });
    });

    scenario('signing out ends the sockets of that sign-in, and no other', async (present) => {
      const alice = await present(Person.signedIn(origin, 'Alice'));
      const elsewhere = await present(Person.signedIn(origin, 'Alice'));
      const consumer = alice.opens(client);
      const own = await listens(consumer, 'owner');
      const other = await listens(elsewhere.opens(client), 'owner');
      await alice.asks('DELETE', '/session');
      assert.equal(willComeBack(consumer, await own.expect('disconnected')), false);
      assert.deepEqual(await other.ask('echo', {}), { action: 'echo' });
    });

    scenario('the customer ends it, and the sockets end', async (present) => {
      const alice = await present(Person.signedIn(origin, 'Alice'));
      const bob = await present(Person.as(origin, 'Bob', 'Alice'));
      const consumer = bob.opens(client);
      const pair = await listens(consumer, 'pair');
      const { impersonation } = await bob.asks('GET', '/impersonation');
      await alice.asks('DELETE', `/access-log/${impersonation.id}`);
      assert.equal(willComeBack(consumer, await pair.expect('disconnected')), false);
    });

    scenario('only an administrator broadcasts', async (present) => {
      const bob = await present(Person.signedIn(origin, 'Bob'));
      const fields = { audience: { kind: 'owner', account: bob.account.id }, channel: 'CommandsChannel', message: 1 };
      for (const person of [bob, await present(Person.signedIn(origin, 'Alice'))]) {
        assert.equal((await person.answer('POST', '/broadcasts', fields)).status, 404);
      }
    });
  });
}
