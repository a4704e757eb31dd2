// Tallybook: customers who shadow each other, by engagement and by standing consent.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { serve } from './application.mjs';
import { agreeAhead, banner, openBrowser, start } from './browser.mjs';
import { Client, startOf } from './client.mjs';

const application = await serve({ DATABASE_URL: 'sqlite://tallybook.db' });
const browser = await openBrowser(application.origin);
after(async () => {
  await browser.close();
  await application.close();
});

async function signedIn(who) {
  const client = new Client(application.origin);
  assert.equal((await client.form('/session', { who })).status, 303);
  return client;
}

/** Returns `who`, inside the books of `client`, who agreed for a day: nobody stays longer than that. */
async function inside(who, client) {
  const agreement = { ends_at: new Date(Date.now() + 86_400_000).toISOString() };
  assert.equal((await (await signedIn(client)).post('/consents', agreement)).status, 201);
  const accountant = await signedIn(who);
  const start = await accountant.post('/impersonation', startOf(client));
  assert.equal(start.status, 201, start.text);
  return accountant;
}

async function file(accountant, id) {
  assert.equal((await accountant.patch('/impersonation', { mode: 'write', reason: 'Filing' })).status, 200);
  return accountant.post(`/invoices/${id}/filing`);
}

test('policies go by who shadows whom, among customers too', async () => {
  const refused = { ada: ['carol', 'ada'], alice: ['ada', 'ivo', 'carol'], carol: ['alice'] };
  for (const [who, clients] of Object.entries(refused)) {
    const person = await signedIn(who);
    for (const client of clients) {
      assert.equal((await person.post('/impersonation', startOf(client))).status, 404, `${who} as ${client}`);
    }
  }
  for (const [who, client] of [['ada', 'alice'], ['ivo', 'alice'], ['ada', 'ivo'], ['ivo', 'ada']]) {
    await inside(who, client);
  }
});

test('an accountant finds her clients, and no other firm', async () => {
  const clients = async (who) => [...(await (await signedIn(who)).get('/')).text.matchAll(/account=(\w+)/g)].map(([, id]) => id);
  assert.deepEqual(await clients('ada'), ['alice', 'ivo']);
  assert.deepEqual(await clients('ivo'), ['alice', 'ada']);
  assert.deepEqual(await clients('alice'), []);
});

test('engaged is not agreed: the client decides for how long', async () => {
  const client = await signedIn('alice');
  const { json } = await client.get('/consents');
  for (const { id, state } of json.consents) {
    if (state === 'given') await client.patch(`/consents/${id}`, { decision: 'withdraw' });
  }
  const ada = await signedIn('ada');
  assert.match((await ada.post('/impersonation', startOf('alice'))).json.type, /consent-required$/);
});

test('policies see both users and the record, and payments are refused', async () => {
  const ada = await inside('ada', 'alice');
  const ivo = await inside('ivo', 'alice');
  assert.match((await ivo.get('/invoices')).text, /Flour.*Ivo was not engaged for this by Alice/);
  const refused = await file(ivo, 0);
  assert.deepEqual([refused.status, refused.text], [403, 'Ivo was not engaged for this by Alice']);
  assert.equal((await file(ada, 0)).status, 303);
  assert.match((await ada.get('/invoices')).text, /Flour, 400 kg: filed by Ada/);
  assert.equal((await file(ada, 3)).status, 403, "another firm's");
  for (const person of [ada, ivo]) {
    const refused = await person.post('/invoices/0/payment');
    assert.equal(refused.status, 403);
    assert.match(refused.json.type, /:never$/);
  }
  assert.equal((await (await signedIn('alice')).post('/invoices/0/payment')).text, 'Flour, 400 kg is paid');
});

test('expiry is a setting: hours for who works there, a quarter of one for what is left open', async () => {
  const ada = await inside('ada', 'alice');
  await ada.patch('/impersonation', { mode: 'write', reason: 'Filing' });
  const { started_at: from, ...ends } = (await ada.get('/impersonation')).json.impersonation;
  const minutes = (to) => Math.round((new Date(to) - new Date(from)) / 60_000);
  assert.deepEqual([ends.ends_at, ends.idle_ends_at, ends.mode_ends_at].map(minutes), [240, 15, 60]);
});

test('signing out of a client\'s books stops, and whoever is shut out may still sign in', async () => {
  const ada = await inside('ada', 'alice');
  assert.equal((await ada.form('/session/end', {})).status, 303);
  assert.match((await ada.get('/')).text, /The books of Ada/);
  await ada.form('/session/end', {});
  assert.doesNotMatch((await ada.get('/')).text, /The books of/);

  const ivo = await inside('ivo', 'alice');
  const alice = await signedIn('alice');
  for (const { id, state } of (await alice.get('/consents')).json.consents) {
    if (state === 'given') await alice.patch(`/consents/${id}`, { decision: 'withdraw' });
  }
  assert.equal((await ivo.get('/')).status, 410);
  assert.equal((await ivo.form('/session', { who: 'carol' })).status, 303);
});

test('an accountant has her client\'s books before her, under the banner', { timeout: 60_000 }, async () => {
  const [ivo, ada] = [await browser.visitor(), await browser.visitor()];
  for (const [page, who] of [[ivo, 'ivo'], [ada, 'ada']]) {
    await page.goto('/');
    await page.getByLabel('alice, ada').fill(who);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  await ivo.getByRole('link', { name: 'Who may work in my books' }).click();
  await agreeAhead(ivo);
  await ada.getByRole('link', { name: 'Work in the books of Ivo' }).click();
  await start(ada, 'Ivo');
  await ada.getByText('Stamps').waitFor();
  assert.match(await banner(ada).innerText(), /Ada.*Ivo/s);
  await banner(ada).getByRole('button', { name: 'Stop' }).click();
  await ada.getByText('You are logged out as ivo@example.com').waitFor();
  await ivo.goto('/access-log');
  await ivo.getByText('looked at the invoices').waitFor();
});
