// The whole story, from the ticket to the audit trail, as everybody in it sees it.
import assert from 'node:assert/strict';
import { inWords, looks, openHouse } from '../browser.mjs';
import { assertInPlainSight, assertReadable } from '../checks.mjs';
import { alice, ask, banner, bob, dana, signIn, stop, whoAmI } from '../people.mjs';

const { scene } = await openHouse();

async function findAlice(page) {
  await page.goto('/accounts');
  await assertReadable(page);
  const first = await page.getByRole('main').innerText();
  await page.getByRole('link', { name: 'Next page' }).click();
  assert.notEqual(await page.getByRole('main').innerText(), first, 'the next page shows other people');
  await page.getByRole('searchbox').fill(alice.email);
  await page.getByRole('searchbox').press('Enter');
  await page.getByRole('cell', { name: alice.email }).waitFor();
}

async function startAsAlice(page) {
  await page.getByRole('link', { name: /^Impersonate Alice Winter[^a-z]*$/ }).click();
  await page.getByRole('heading', { level: 1, name: /Alice/ }).waitFor();
  await assertReadable(page);
  await page.getByLabel('Reason').fill('Cannot change her name');
  await page.getByLabel('Ticket').fill('SUP-4711');
  await page.getByRole('button', { name: /^Start as Alice/ }).click();
}

async function assertUnderTheBanner(page, mode) {
  await assertInPlainSight(banner(page));
  await assertInPlainSight(banner(page).getByRole('button', { name: 'Stop' }));
  const text = await banner(page).innerText();
  for (const word of [alice.name, bob.name, mode, /\d\d:\d\d left/]) assert.match(text, new RegExp(word));
}

async function assertCannotPay(page) {
  await page.goto('/invoices');
  await assertUnderTheBanner(page, 'reading only');
  await assertReadable(page);
  const unpaid = page.getByRole('main').locator('tr', { hasText: /open|overdue/ }).first();
  await unpaid.getByRole('link').click();
  await assertUnderTheBanner(page, 'reading only');
  await assertReadable(page);
  const pay = page.getByRole('button', { name: /^Pay/ }).first();
  assert.ok(await pay.isDisabled());
  const why = await pay.getAttribute('aria-describedby');
  assert.match(await page.locator(`[id="${why}"]`).innerText(), /Nobody can do this/);
  const { status } = await ask(page, '/payments', { method: 'POST', data: {} });
  assert.equal(status, 403);
}

async function saveTheProfile(page, name) {
  await page.goto('/profile');
  await assertReadable(page);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: /reading only.*Switch to write/ }).waitFor();
  assert.match(await page.getByRole('main').innerText(), new RegExp(name), 'nothing typed is lost');
  await assertReadable(page);
  await page.getByRole('main').getByRole('button', { name: 'Switch to write' }).click();
  await page.getByRole('heading', { name: /Save this profile for Alice.*account\?/ }).waitFor();
  assert.match(await page.getByRole('main').innerText(), new RegExp(name), 'nothing typed is lost');
  await assertReadable(page);
  await page.getByRole('button', { name: 'Yes, save this profile' }).click();
  await assertUnderTheBanner(page, 'write mode');
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), name);
}

async function readTheAccessLog(page, [before, after]) {
  await page.goto('/access-log');
  await assertReadable(page);
  const text = await page.getByRole('main').innerText();
  for (const fact of ['SUP-4711', 'Cannot change her name', before, after]) {
    assert.match(text, new RegExp(fact), 'the access log says who, when, why, and what changed');
  }
}

async function readTheTimeline(page, [before, after]) {
  await page.goto('/impersonations');
  await assertReadable(page);
  await page.getByRole('link', { name: /^Timeline/ }).first().click();
  await assertReadable(page);
  const steps = [
    /Bob Marsh began to use the application as/,
    /looked at invoices/,
    /Refused: Bob Marsh tried .*payments.* never allowed/,
    /Refused: Bob Marsh tried .*save this profile .* reading only/,
    /switched to write mode/,
    new RegExp(`changed the name from .*${before}.* to .*${after}`),
    /Bob Marsh stopped/,
  ];
  let rest = await page.getByRole('main').innerText();
  for (const step of steps) {
    const found = step.exec(rest);
    assert.ok(found, `the timeline tells ${step} in its place`);
    rest = rest.slice(found.index + found[0].length);
  }
}

async function readTheTrail(page, id) {
  await page.goto('/audit');
  await assertReadable(page);
  const { status, body } = await ask(page, `/audit?impersonation=${id}`);
  assert.equal(status, 200);
  for (const entry of body.entries) {
    assert.deepEqual([entry.true_user.email, entry.current_user.email], [bob.email, alice.email], entry.kind);
  }
}

for (const [number, view] of looks.entries()) {
  scene(`Bob helps Alice, and everybody can read it later: ${inWords(view)}`, view, async ({ visitor }) => {
    const agent = await visitor();
    await signIn(agent, bob);
    await assertReadable(agent);
    await findAlice(agent);
    const list = agent.url();
    await startAsAlice(agent);
    await assertUnderTheBanner(agent, 'reading only');
    await assertReadable(agent);
    const { current_user: before, true_user: keyboard, impersonation } = await whoAmI(agent);
    assert.deepEqual([before.email, keyboard.email], [alice.email, bob.email]);
    await assertCannotPay(agent);
    const name = `Alice Winter ${number + 2}`;
    await saveTheProfile(agent, name);
    await assertReadable(agent);
    await stop(agent);
    assert.equal(agent.url(), list);
    await agent.getByText(`You are logged out as ${alice.email}`).waitFor();
    await assertReadable(agent);

    const customer = await visitor();
    await signIn(customer, alice);
    await readTheAccessLog(customer, [before.name, name]);
    const administrator = await visitor();
    await signIn(administrator, dana);
    await readTheTimeline(administrator, [before.name, name]);
    await readTheTrail(administrator, impersonation.id);
  });
}
