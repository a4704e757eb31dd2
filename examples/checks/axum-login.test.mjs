// Quire, the stationer's: server-rendered, on axum-login and PostgreSQL.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newPostgres } from './application.mjs';
import { agreeAhead, banner, openBrowser, startFromTheList } from './browser.mjs';
import { promises } from './promises.mjs';

const password = 'correct horse battery staple';

const { application } = await promises(
  { DATABASE_URL: newPostgres() },
  {
    name: 'axum-login',
    handlers: ['src/customers.rs', 'src/orders.rs', 'src/profile.rs', 'src/session.rs'],
    async signIn(client, email) {
      const { status, location } = await client.form('/login', { email, password });
      assert.deepEqual([status, location], [303, '/']);
    },
    async signOut(client) {
      assert.equal((await client.form('/logout', {})).status, 303);
    },
    async save(client, headers) {
      const { text } = await client.get('/profile', { accept: 'text/html' });
      const [, tag] = /name="_identity" value="(\w+)"/.exec(text);
      return client.form('/profile', { name: 'Alice', _identity: tag }, { accept: 'application/json', ...headers });
    },
    question: "Save this profile for Alice's account?",
    page: '/orders',
    ofAlice: /A ream of laid paper for Alice/,
    agentsPage: '/customers',
    payment: '/orders/1/payment',
    asset: '/assets/style.css',
    idOfEve: 4,
    minutes: 20,
  },
);

const browser = await openBrowser(application.origin);
after(() => browser.close());

async function logIn(page, email) {
  await page.goto('/login');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
  await page.getByText('Welcome back').waitFor();
}

test('Bob sees what Alice sees, under the banner, and is himself again', { timeout: 60_000 }, async () => {
  const [alice, bob] = [await browser.visitor(), await browser.visitor()];
  await logIn(alice, 'alice@example.com');
  await alice.getByRole('link', { name: 'Support access' }).click();
  await agreeAhead(alice);

  await logIn(bob, 'bob@example.com');
  await bob.getByRole('link', { name: 'Accounts' }).click();
  await startFromTheList(bob, 'Alice');
  await bob.getByRole('link', { name: 'Orders' }).click();
  await bob.getByText('A ream of laid paper for Alice').waitFor();
  assert.match(await banner(bob).innerText(), /Bob.*Alice/s);
  await bob.getByRole('button', { name: 'Log out' }).click();
  await bob.getByText('You are logged out as alice@example.com').waitFor();
  assert.equal(await banner(bob).count(), 0);
  await bob.getByRole('searchbox').waitFor();
});

test('a paginated, searchable table of users has Show and Impersonate', { timeout: 60_000 }, async () => {
  const bob = await browser.visitor();
  await logIn(bob, 'bob@example.com');
  await bob.getByRole('link', { name: 'Accounts' }).click();
  const table = bob.getByRole('table', { name: 'Customers' });
  const names = () => table.getByRole('rowheader').allInnerTexts();
  const seen = await names();
  for (const rows of [20, 7]) {
    await bob.getByRole('link', { name: 'Next page' }).click();
    const found = await names();
    assert.equal(found.length, rows);
    seen.push(...found);
  }
  assert.equal(await bob.getByRole('link', { name: 'Next page' }).count(), 0);
  const readers = Array.from({ length: 45 }, (_, n) => `Reader ${n + 10}`);
  assert.deepEqual(seen, ['Alice', 'Carol', ...readers]);

  const search = async (q) => {
    await bob.getByRole('searchbox').fill(q);
    await bob.getByRole('searchbox').press('Enter');
    await bob.waitForURL((url) => url.searchParams.get('q') === q);
    return names();
  };
  assert.deepEqual(await search('er 54'), ['Reader 54']);
  assert.deepEqual(await search('reader54@'), [], 'no part of an address');
  assert.deepEqual(await search('reader54@example.com'), ['Reader 54']);
  await table.getByRole('link', { name: 'Show Reader 54' }).click();
  await bob.getByRole('heading', { name: 'Reader 54' }).waitFor();
  await bob.getByRole('main').getByRole('link', { name: 'Impersonate Reader 54' }).click();
  await bob.getByLabel('Reason').waitFor();
});
