// Consent: asked for, given, refused, withdrawn. Nobody comes in without it.
import assert from 'node:assert/strict';
import { inWords, looks, openHouse } from '../browser.mjs';
import { assertInPlainSight, assertReadable } from '../checks.mjs';
import { accountOf, alice, ask, banner, bob, signIn, whoAmI, yara } from '../people.mjs';

const { scene } = await openHouse();
const views = looks.filter(({ screen, scheme }) => (screen === 'phone') === (scheme === 'dark'));

/** Signs Bob in and returns a customer whom nobody has asked yet; each scene has one of its own. */
let met = 0;
async function bobAndSomebody(page) {
  await signIn(page, bob);
  const [onPage, nth] = [2 + (met % 8), Math.floor(met / 8)];
  met += 1;
  const { body } = await ask(page, `/accounts?page=${onPage}`);
  return body.accounts.filter(({ email }) => !/^(alice|carol)@/.test(email))[nth];
}

async function askFor(page, { name, email }) {
  await page.goto(`/accounts?q=${encodeURIComponent(email)}`);
  await page.getByRole('link', { name: `Impersonate ${name}` }).click();
  await page.waitForURL('**/impersonation/new?**');
  await assertReadable(page);
  assert.equal(await page.getByRole('button', { name: /^Start as/ }).count(), 0, 'there is no way around the question');
  await page.getByLabel('Reason').fill('A parcel went astray');
  await page.getByLabel('Ticket').fill('SUP-17');
  await page.getByRole('button', { name: /^Ask / }).click();
  await assertReadable(page);
  assert.equal(await page.getByRole('button', { name: /^Start as/ }).count(), 0, 'a question is no answer');
}

async function decide(page, button) {
  await page.goto('/consents');
  await assertReadable(page);
  const main = page.getByRole('main');
  assert.match(await main.innerText(), /Bob Marsh would like to look at your account[^]*A parcel went astray[^]*SUP-17/);
  await main.getByRole('button', { name: button }).click();
  await main.getByText('Nobody is asking').waitFor();
  await assertReadable(page);
}

async function startAs(page, { id, name }) {
  await page.goto(`/impersonation/new?account=${id}&reason=A+parcel+went+astray&return_to=/accounts`);
  await page.getByRole('button', { name: `Start as ${name}` }).click();
  await assertInPlainSight(banner(page));
}

for (const view of views) {
  scene(`a customer who is asked approves, and withdraws while Bob is in: ${inWords(view)}`, view, async ({ visitor }) => {
    const agent = await visitor();
    const somebody = await bobAndSomebody(agent);
    await askFor(agent, somebody);
    const customer = await visitor();
    await signIn(customer, somebody);
    await decide(customer, 'Approve');
    // With JavaScript the answer arrives by itself.
    if (!view.javaScript) await agent.getByRole('link', { name: 'Look again' }).click();
    await agent.getByRole('button', { name: `Start as ${somebody.name}` }).waitFor();
    assert.equal(await agent.getByLabel('Reason').inputValue(), 'A parcel went astray');
    assert.equal(await agent.getByLabel('Ticket (optional)').inputValue(), 'SUP-17');
    await assertReadable(agent);
    await agent.getByRole('button', { name: `Start as ${somebody.name}` }).click();
    await assertInPlainSight(banner(agent));
    assert.equal((await whoAmI(agent)).current_user.email, somebody.email);

    await customer.goto('/consents');
    await customer.getByRole('button', { name: 'Withdraw' }).click();
    for (const path of ['/orders', '/profile']) {
      const answer = await agent.goto(path);
      assert.equal(answer.status(), 410, 'it stays ended until Bob says who he wants to be');
    }
    await agent.getByText('Consent was withdrawn').waitFor();
    await assertReadable(agent);
    await agent.getByRole('button', { name: 'Go on as Bob Marsh' }).click();
    const { current_user: current, impersonation } = await whoAmI(agent);
    assert.deepEqual([current.email, impersonation], [bob.email, null]);
    assert.equal(await banner(agent).count(), 0);
  });

  scene(`a customer who is asked declines, and Bob stays out: ${inWords(view)}`, view, async ({ visitor }) => {
    const agent = await visitor();
    const somebody = await bobAndSomebody(agent);
    await askFor(agent, somebody);
    const customer = await visitor();
    await signIn(customer, somebody);
    await decide(customer, 'Decline');
    await agent.goto(`/impersonation/new?account=${somebody.id}`);
    assert.equal(await agent.getByRole('button', { name: /^Start as/ }).count(), 0);
    const data = { account_id: somebody.id, reason: 'Going in anyway' };
    const { status, body } = await ask(agent, '/impersonation', { method: 'POST', data });
    assert.equal(status, 403);
    assert.match(body.type, /consent-required$/);
  });
}

for (const view of views) {
  scene(`an administrator agrees for a colleague, who takes it back while Bob is in: ${inWords(view)}`, view, async ({ visitor }) => {
    const [administrator, colleague, agent] = [await visitor(), await visitor(), await visitor()];
    await signIn(administrator, yara);
    await administrator.goto('/consents/people');
    await assertReadable(administrator);
    const row = administrator.getByRole('row').filter({ hasText: 'Not agreed for them', hasNotText: alice.email }).first();
    const email = (await row.getByRole('cell').first().innerText()).trim();
    await row.getByRole('button', { name: /^Agree/ }).click();
    await administrator.getByRole('row').filter({ hasText: email }).getByRole('button', { name: /^Withdraw/ }).waitFor();
    await assertReadable(administrator);

    await signIn(agent, bob);
    const somebody = await accountOf(agent, { email });
    await startAs(agent, somebody);
    await signIn(colleague, somebody);
    await colleague.goto('/consents');
    await assertReadable(colleague);
    assert.match(await colleague.getByRole('main').innerText(), /Yara Dubois/, 'it says who agreed');
    await colleague.getByRole('main').getByRole('button', { name: 'Withdraw' }).click();
    assert.equal((await agent.goto('/orders')).status(), 410);

    await administrator.goto('/consents/people');
    const again = administrator.getByRole('row').filter({ hasText: email });
    assert.equal(await again.getByRole('button', { name: /^Agree/ }).count(), 0, 'from now on they decide alone');
  });
}

scene('a customer ends a running impersonation from the access log', { screen: 'phone', javaScript: false }, async ({ visitor }) => {
  const agent = await visitor();
  const somebody = await bobAndSomebody(agent);
  await askFor(agent, somebody);
  const customer = await visitor();
  await signIn(customer, somebody);
  await decide(customer, 'Approve');
  await startAs(agent, somebody);
  await customer.goto('/access-log');
  await assertReadable(customer);
  await customer.getByRole('main').getByRole('button', { name: 'End' }).click();
  assert.equal((await agent.goto('/')).status(), 410);
});

for (const view of views) {
  scene(`a customer reads out a support code, and Bob begins on that very page: ${inWords(view)}`, view, async ({ visitor }) => {
    const agent = await visitor();
    const somebody = await bobAndSomebody(agent);
    const customer = await visitor();
    await signIn(customer, somebody);
    await customer.goto('/invoices');
    await customer.getByRole('link', { name: 'Get help with this page' }).click();
    await assertReadable(customer);
    await customer.getByRole('button', { name: 'Show me a code' }).click();
    await assertReadable(customer);
    const code = await customer.locator('.vc-code').innerText();
    assert.match(code, /^[2-9A-Z]{4}-[2-9A-Z]{4}$/);

    const enter = async (typed) => {
      await agent.goto('/accounts');
      await agent.getByRole('link', { name: 'Enter a support code' }).click();
      await agent.getByLabel('Support code').fill(typed);
      await agent.getByLabel('Reason').fill('On the phone');
      await agent.getByRole('button', { name: 'Start with this code' }).click();
    };
    await enter('BCDF-GHJK');
    await agent.getByText('is older than 24 hours').first().waitFor();
    await assertReadable(agent);
    assert.equal(await agent.getByLabel('Reason').inputValue(), 'On the phone', 'nothing typed is lost');
    await enter(code.toLowerCase().replace('-', ' '));
    await assertInPlainSight(banner(agent));
    assert.equal(new URL(agent.url()).pathname, '/invoices');
    assert.equal((await whoAmI(agent)).current_user.email, somebody.email);

    await customer.goto('/consents');
    await assertReadable(customer);
    await customer.getByRole('button', { name: 'Withdraw' }).click();
    assert.equal((await agent.goto('/invoices')).status(), 410);
  });
}
