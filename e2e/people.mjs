// What the people of the demo do, in their words. Things on a page are found as people find them: by role and name.
import assert from 'node:assert/strict';

const password = 'correct horse battery staple';

export const alice = { name: 'Alice', email: 'alice@example.com' };
export const bob = { name: 'Bob', email: 'bob@example.com' };
export const carol = { name: 'Carol', email: 'carol@example.com' };
export const dana = { name: 'Dana', email: 'dana@example.com' };
/** Administers an organisation of customers. */
export const yara = { name: 'Yara', email: 'yara.dubois@example.com' };

/** Signs in on the page that the application shows to strangers. */
export async function signIn(page, { email }) {
  await page.goto('/');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  const { current_user: current } = await whoAmI(page);
  assert.equal(current?.email, email);
}

/** Asks as a program would, with this browser's cookies. */
export async function ask(page, path, { method = 'GET', data, headers = {} } = {}) {
  const options = { method, data, headers: { accept: 'application/json', ...headers }, maxRedirects: 0 };
  const answer = await page.context().request.fetch(path, options);
  const text = await answer.text();
  return { status: answer.status(), body: text === '' ? null : JSON.parse(text) };
}

/** Returns what the application knows of who is signed in here, and as whom. */
export async function whoAmI(page) {
  const { status, body } = await ask(page, '/whoami');
  assert.equal(status, 200);
  return body;
}

/** Returns the account with this address, as an agent finds it. */
export async function accountOf(page, { email }) {
  const { body } = await ask(page, `/accounts?q=${encodeURIComponent(email)}`);
  const found = body.accounts.find((account) => account.email === email);
  assert.ok(found, `no account of ${email}`);
  return found;
}

/** Lets a program start, without the pages that lead there. */
export async function startAs(page, account, more = {}) {
  const data = { account_id: account.id, reason: 'Looking into a problem', ...more };
  const { status, body } = await ask(page, '/impersonation', { method: 'POST', data });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

/** Stops with the banner's button. */
export async function stop(page) {
  await banner(page).getByRole('button', { name: 'Stop' }).click();
  await banner(page).waitFor({ state: 'detached' });
  assert.equal((await whoAmI(page)).impersonation, null);
}

/** Finds the banner that says who acts as whom. */
export const banner = (page) => page.getByRole('region', { name: 'Impersonation' });
