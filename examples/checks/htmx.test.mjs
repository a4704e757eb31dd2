// Hedgerow, the nursery: fragments, sessions of its own, SQLite through rusqlite, and Vicarious in a file beside it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { agreeAhead, banner, openBrowser, start, startFromTheList } from './browser.mjs';
import { promises } from './promises.mjs';

const password = 'correct horse battery staple';
const htmx = fileURLToPath(new URL('../node_modules/htmx.org/dist/htmx.min.js', import.meta.url));

async function tagOf(client) {
  const { text } = await client.get('/basket', { accept: 'text/html' });
  return /name="_identity" value="(\w+)"/.exec(text)[1];
}

const { application, people, claim } = await promises(
  { DATABASE_FILE: 'hedgerow.db', HTMX: htmx },
  {
    name: 'htmx',
    handlers: ['src/basket.rs', 'src/customers.rs', 'src/orders.rs'],
    async signIn(client, email) {
      const { status, location } = await client.form('/session', { email, password });
      assert.deepEqual([status, location], [303, '/']);
    },
    async signOut(client) {
      assert.equal((await client.form('/session/end', {})).status, 303);
    },
    async save(client, headers) {
      const fields = { plant: 'Spindle', _identity: await tagOf(client) };
      return client.form('/basket', fields, { accept: 'application/json', ...headers });
    },
    question: "Put this in the basket for Alice's account?",
    page: '/basket',
    ofAlice: /A medlar tree for Alice/,
    agentsPage: '/customers',
    payment: '/orders/1/payment',
    asset: '/assets/style.css',
    idOfEve: 4,
    minutes: 30,
  },
);

claim('a fragment has no banner, and forms of a fragment have the tag', async () => {
  const bob = await people.inside();
  const { text, headers } = await bob.get('/basket', { 'hx-request': 'true', accept: '*/*' });
  assert.match(text, /^<ul>/);
  assert.doesNotMatch(text, /aria-label="Impersonation"/);
  assert.match(text, new RegExp(`name="_identity" value="${await tagOf(bob)}"`));
  assert.match(headers.impersonation, /mode=read/);
});

const browser = await openBrowser(application.origin);
after(() => browser.close());

async function signIn(page, email) {
  await page.goto('/session');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Good to see you').waitFor();
}

test('Bob sees what Alice sees, fragment by fragment, and is himself again', { timeout: 60_000 }, async () => {
  const [alice, bob] = [await browser.visitor(), await browser.visitor()];
  await signIn(alice, 'alice@example.com');
  await alice.getByRole('link', { name: 'Support access' }).click();
  await agreeAhead(alice);

  await signIn(bob, 'bob@example.com');
  await bob.getByRole('link', { name: 'Accounts' }).click();
  await startFromTheList(bob, 'Alice');
  await bob.getByRole('link', { name: 'Basket' }).click();
  await bob.getByText('A medlar tree for Alice').first().waitFor();
  const answered = bob.waitForResponse((response) => response.request().headers()['hx-request'] === 'true');
  await bob.getByRole('button', { name: 'Look again' }).click();
  assert.equal((await answered).status(), 200);
  assert.equal(await banner(bob).count(), 1);
  assert.match(await banner(bob).innerText(), /Bob.*Alice/s);

  // What a rule asks takes the place of the fragment, and nothing that Bob typed is lost.
  await bob.getByLabel('Plant').fill('Buckthorn');
  await bob.getByRole('button', { name: 'Put in the basket' }).click();
  await bob.locator('#lines').getByText('Buckthorn').waitFor();
  await bob.locator('#lines').getByRole('button', { name: 'Switch to write' }).click();
  await bob.getByRole('heading', { name: "Put this in the basket for Alice's account?" }).waitFor();
  await bob.getByRole('button', { name: 'Yes, put this in the basket' }).click();
  await bob.locator('#lines').getByText('Buckthorn').waitFor();
  assert.match(await banner(bob).innerText(), /write mode/);

  await bob.getByRole('button', { name: 'Sign out' }).click();
  await bob.getByText('You are logged out as alice@example.com').waitFor();
  assert.equal(await banner(bob).count(), 0);
  await bob.getByRole('searchbox').waitFor();
});

test('recorded consent counts, also when it was given by chat or mail', { timeout: 60_000 }, async () => {
  const [carol, bob] = [await browser.visitor(), await browser.visitor()];
  await signIn(bob, 'bob@example.com');
  await bob.goto('/accounts?q=Carol');
  await bob.getByRole('link', { name: /^Impersonate Carol/ }).click();
  await bob.getByLabel('Where was it said?').fill('chat');
  await bob.getByLabel('In the customer’s words').fill('Please have a look at my basket');
  await bob.getByRole('button', { name: 'Record what was said' }).click();
  await start(bob, 'Carol');
  await bob.goto('/basket');
  await bob.getByText('A medlar tree for Carol').waitFor();

  await signIn(carol, 'carol@example.com');
  await carol.getByRole('link', { name: 'Support access' }).click();
  await carol.getByText('Please have a look at my basket').waitFor();
  await carol.getByRole('button', { name: 'I did not agree' }).click();
  await carol.getByText('You have not agreed to anything').waitFor();
  assert.equal((await bob.goto('/basket')).status(), 410);
  assert.equal(await bob.getByText('A medlar tree for Carol').count(), 0);
});
