// What Vicarious promises to any application, asked of an example by a program that knows its pages.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { Client, agreement, startOf } from './client.mjs';
import { serve } from './application.mjs';

/**
 * Serves an example and tests what it is promised.
 *
 * `example` says its `name`, which of its files hold `handlers`, how people sign in (`signIn(client, email)`) and out (`signOut(client)`), and where things are: `page`,
 * which shows `ofAlice` to her; `agentsPage`; `payment`, to be seen by GET and paid by POST; `save`, a form
 * whose rule is `confirm` with this `question`; `asset`; `idOfEve`, who is an agent, too; `minutes`, how long an impersonation lasts. Returns the people for more tests.
 */
export async function promises(environment, example) {
  const application = await serve(environment);
  after(() => application.close());
  const claim = (name, body) =>
    test(name, { timeout: 60_000 }, async () => {
      try {
        await body();
      } catch (error) {
        error.stack += `\nthe application said:\n${application.log()}`;
        throw error;
      } finally {
        await people.leave();
      }
    });
  const people = new People(application.origin, example);

  claim('any authentication, one line to add, and no handler changes', async () => {
    const diff = await readFile(new URL(`../${example.name}/vicarious.diff`, import.meta.url), 'utf8');
    assert.equal(diff.match(/^\+.*\.layer\(/gm).length, 1);
    const changed = [...diff.matchAll(/^\+\+\+ b\/examples\/[^/]+\/(.+)$/gm)].map(([, file]) => file);
    for (const file of example.handlers) {
      assert.ok((await readFile(new URL(`../${example.name}/${file}`, import.meta.url), 'utf8')).includes('pub async fn'));
      assert.ok(!changed.includes(file), file);
    }
  });

  claim('an agent finds customers, and no agents, and nobody else finds anybody', async () => {
    const bob = await people.signedIn('bob');
    const { status, json } = await bob.get('/accounts');
    assert.equal(status, 200);
    const names = json.accounts.map((account) => account.name);
    assert.deepEqual(names.slice(0, 2), ['Alice', 'Carol']);
    for (const agent of ['Bob', 'Eve']) assert.ok(!names.includes(agent), agent);
    const page = await bob.get('/accounts?q=alice@example.com', { accept: 'text/html' });
    for (const words of [/>Show</, />Impersonate</]) assert.match(page.text, words);
    assert.doesNotMatch(page.text, /carol@/);
    const alice = await people.signedIn('alice');
    assert.equal((await alice.get('/accounts')).status, 404);
  });

  claim('roles decide who may impersonate whom', async () => {
    const bob = await people.signedIn('bob');
    const alice = await people.idOf(bob, 'alice');
    const carol = await people.signedIn('carol');
    assert.equal((await carol.post('/impersonation', startOf(alice))).status, 404);
    assert.equal((await bob.post('/impersonation', startOf(example.idOfEve))).status, 404);
    assert.equal((await new Client(application.origin).post('/impersonation', startOf(alice))).status, 401);
  });

  claim('nobody goes in whose customer has not agreed', async () => {
    const bob = await people.signedIn('bob');
    const carol = await people.idOf(bob, 'carol');
    const { status, json } = await bob.post('/impersonation', startOf(carol));
    assert.equal(status, 403);
    assert.match(json.type, /consent-required$/);
  });

  claim('current_user is the customer, true_user the agent: handlers find the one, the record both', async () => {
    const bob = await people.inside();
    const page = await bob.get(example.page);
    assert.equal(page.status, 200);
    assert.match(page.text, example.ofAlice);
    assert.match(page.headers.impersonation, /^id=.*, mode=read, ends=/);
    assert.equal((await bob.get(example.agentsPage)).status, 404);
    const recorded = await (await people.signedIn('alice')).get('/access-log');
    assert.match(JSON.stringify(recorded.json.accesses[0].who), /Bob/);
    await bob.delete('/impersonation');
    example.stopped?.(bob);
    assert.equal((await bob.get(example.agentsPage)).status, 200);
  });

  claim('the customer can read who was there, and ends it by withdrawing', async () => {
    const bob = await people.inside();
    await bob.get(example.page);
    const alice = await people.signedIn('alice');
    const { json } = await alice.get('/access-log');
    assert.match(JSON.stringify(json.accesses[0]), /Bob/);
    await people.nobodyAgrees(alice);
    const gone = await bob.get(example.page);
    assert.equal(gone.status, 410);
    assert.equal(gone.json.cause, 'consent_withdrawn');
    assert.doesNotMatch(gone.text, example.ofAlice);
  });

  claim('whoever is shut out may still sign in', async () => {
    const bob = await people.inside();
    await people.nobodyAgrees(await people.signedIn('alice'));
    assert.equal((await bob.get(example.page)).status, 410);
    await example.signIn(bob, 'carol@example.com');
  });

  claim('logging out while impersonating stops, and nothing else', async () => {
    const bob = await people.inside();
    await example.signOut(bob);
    example.stopped?.(bob);
    const { json } = await bob.get('/impersonation');
    assert.equal(json.impersonation, null);
    assert.equal((await bob.get(example.agentsPage)).status, 200, 'Bob is still signed in');
    await example.signOut(bob);
    assert.notEqual((await bob.get(example.agentsPage)).status, 200, 'and now he is not');
  });

  claim('payments are refused', async () => {
    const bob = await people.inside();
    for (const answer of [await bob.get(example.payment), await bob.post(example.payment, {})]) {
      assert.equal(answer.status, 403);
      assert.match(answer.json.type, /:never$/);
    }
    await bob.patch('/impersonation', { mode: 'write', reason: 'A try' });
    assert.equal((await bob.post(example.payment, {})).status, 403);
    const alice = await people.signedIn('alice');
    assert.notEqual((await alice.get(example.payment)).status, 403);
  });

  claim('a change asks for write mode, then for a word about the customer', async () => {
    const bob = await people.inside();
    const refused = await example.save(bob);
    assert.equal(refused.status, 403);
    assert.match(refused.json.type, /:read-only$/);
    assert.equal((await bob.patch('/impersonation', { mode: 'write', reason: 'She asked for it' })).status, 200);
    const asked = await example.save(bob);
    assert.equal(asked.status, 428);
    assert.equal(asked.json.question, example.question);
    const done = await example.save(bob, { confirmation: asked.json.confirmation });
    assert.ok(done.status < 400, done.text);
  });

  claim('expiry is a setting', async () => {
    const bob = await people.inside();
    const { started_at: from, ends_at: to } = (await bob.get('/impersonation')).json.impersonation;
    assert.equal(Math.round((new Date(to) - new Date(from)) / 60_000), example.minutes);
  });

  claim('assets are nobody\'s', async () => {
    const bob = await people.inside();
    const { status, headers } = await bob.get(example.asset);
    assert.equal(status, 200);
    assert.equal(headers.impersonation, undefined);
  });

  return { application, people, claim };
}

/** The people of the demo. */
class People {
  /** Who went into an account: one agent may be in five at once. */
  #agents = [];

  constructor(origin, example) {
    this.origin = origin;
    this.example = example;
  }

  async signedIn(who) {
    const client = new Client(this.origin);
    await this.example.signIn(client, `${who}@example.com`);
    return client;
  }

  async idOf(agent, who) {
    const { json } = await agent.get(`/accounts?q=${who}@example.com`);
    return json.accounts[0].id;
  }

  /** Returns Bob, who is inside Alice's account. */
  async inside() {
    const alice = await this.signedIn('alice');
    assert.equal((await alice.post('/consents', agreement())).status, 201);
    const bob = await this.signedIn('bob');
    const start = await bob.post('/impersonation', startOf(await this.idOf(bob, 'alice')));
    assert.equal(start.status, 201, start.text);
    this.example.started?.(bob, start);
    this.#agents.push(bob);
    return bob;
  }

  /** Lets everybody leave who went in. */
  async leave() {
    await Promise.all(this.#agents.splice(0).map((agent) => agent.delete('/impersonation')));
  }

  /** Lets a customer withdraw whatever stands. */
  async nobodyAgrees(customer) {
    const { json } = await customer.get('/consents');
    const given = json.consents.filter((consent) => consent.state === 'given');
    assert.ok(given.length > 0);
    for (const { id } of given) {
      assert.equal((await customer.patch(`/consents/${id}`, { decision: 'withdraw' })).status, 200);
    }
  }
}
