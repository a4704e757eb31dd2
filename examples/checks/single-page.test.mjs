// Waymark, walking holidays: a page that draws itself, bearer tokens, PostgreSQL through diesel.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newPostgres } from './application.mjs';
import { openBrowser } from './browser.mjs';
import { promises } from './promises.mjs';

const password = 'correct horse battery staple';

const { application, people, claim } = await promises(
  { DATABASE_URL: newPostgres() },
  {
    name: 'single-page',
    handlers: ['src/bookings.rs', 'src/customers.rs', 'src/me.rs'],
    async signIn(client, email) {
      const { status, json } = await client.post('/api/session', { email, password });
      assert.equal(status, 200);
      client.headers.authorization = `Bearer ${json.token}`;
    },
    async signOut(client) {
      assert.ok((await client.delete('/api/session')).status < 300);
    },
    started(client, { json }) {
      client.headers['impersonation-handle'] = json.handle;
    },
    stopped(client) {
      delete client.headers['impersonation-handle'];
    },
    save: (client, headers) => client.patch('/api/me', { name: 'Alice' }, headers),
    question: "Save this profile for Alice's account?",
    page: '/api/bookings',
    ofAlice: /The coast path, with Alice/,
    agentsPage: '/api/customers',
    payment: '/api/bookings/1/payment',
    asset: '/static/style.css',
    idOfEve: 4,
    minutes: 30,
  },
);

claim('a handle travels in a header, and no cookie is set', async () => {
  const bob = await people.inside();
  assert.equal(bob.cookies.size, 0);
  const { status } = await bob.get('/api/bookings', { 'impersonation-handle': '' });
  assert.equal(status, 410, 'not Bob, and not Alice');
});

const browser = await openBrowser(application.origin);
after(() => browser.close());

async function signIn(page, email) {
  await page.goto('/');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText(email).first().waitFor();
}

const banner = (page) => page.getByRole('region', { name: 'Impersonation' });

async function actAsAlice(page) {
  page.once('dialog', (dialog) => dialog.accept('Cannot see a booking'));
  await page.getByRole('button', { name: 'Act as Alice' }).click();
  await page.getByText('The coast path, with Alice').waitFor();
  await banner(page).getByText(/Bob.*Alice/s).waitFor();
}

test('Bob sees what Alice sees, under the banner, and is himself again', { timeout: 60_000 }, async () => {
  const [alice, bob] = [await browser.visitor(), await browser.visitor()];
  await signIn(alice, 'alice@example.com');
  const agreed = alice.waitForResponse((answer) => answer.url().endsWith('/consents'));
  await alice.getByRole('button', { name: 'Let support help me today' }).click();
  assert.equal((await agreed).status(), 201);

  await signIn(bob, 'bob@example.com');
  await actAsAlice(bob);
  await banner(bob).getByRole('button', { name: 'Stop' }).click();
  await bob.getByRole('heading', { name: 'Customers' }).waitFor();

  await actAsAlice(bob);
  await bob.reload();
  await bob.getByText('The coast path, with Alice').waitFor();
  await banner(bob).getByText(/Bob.*Alice/s).waitFor();
  await bob.getByRole('button', { name: 'Sign out' }).click();
  await bob.getByRole('button', { name: /^Go on as .*Bob/ }).click();
  await bob.getByRole('heading', { name: 'Customers' }).waitFor();
});
