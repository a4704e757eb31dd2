// What the administrator sees and can do.
import assert from 'node:assert/strict';
import { inWords, looks, openHouse } from '../browser.mjs';
import { assertInPlainSight, assertReadable } from '../checks.mjs';
import { accountOf, alice, ask, bob, carol, dana, signIn, startAs, stop } from '../people.mjs';

const { scene } = await openHouse();
const views = looks.filter(({ screen, scheme }) => (screen === 'phone') === (scheme === 'dark'));

for (const view of views) {
  scene(`Dana sees who is inside whom now, and revokes it: ${inWords(view)}`, view, async ({ visitor }) => {
    const agent = await visitor();
    await signIn(agent, bob);
    await startAs(agent, await accountOf(agent, carol), { ticket: 'SUP-8' });
    const administrator = await visitor();
    await signIn(administrator, dana);
    await administrator.goto('/impersonations');
    await assertReadable(administrator);
    assert.match(await administrator.getByRole('main').innerText(), /Bob Marsh[^]*Carol Okafor[^]*SUP-8/);
    await administrator.getByRole('button', { name: /^Revoke/ }).click();
    await assertReadable(administrator);
    assert.equal(await administrator.getByRole('button', { name: /^Revoke/ }).count(), 0);
    assert.equal((await agent.goto('/')).status(), 410);
    await agent.getByText('ended by the customer, by an administrator').waitFor();
    await agent.getByRole('button', { name: 'Go on as Bob Marsh' }).click();
  });

  scene(`Dana narrows the trail down to one person: ${inWords(view)}`, view, async ({ visitor }) => {
    const agent = await visitor();
    await signIn(agent, bob);
    await startAs(agent, await accountOf(agent, alice), { reason: 'For the trail' });
    await agent.goto('/orders');
    await stop(agent);
    const administrator = await visitor();
    await signIn(administrator, dana);
    await administrator.goto('/audit');
    for (const room of await administrator.getByRole('banner').getByRole('link').all()) await assertInPlainSight(room);
    await administrator.getByLabel('Whose account').fill(alice.email);
    await administrator.getByLabel('What').selectOption({ label: 'Started' });
    await administrator.getByRole('button', { name: 'Filter' }).click();
    await assertReadable(administrator);
    const text = await administrator.getByRole('main').innerText();
    assert.match(text, /Bob Marsh began to use the application as Alice Winter[^]*For the trail/);
    assert.doesNotMatch(text, /as Carol Okafor/);
    await administrator.getByRole('link', { name: /^Timeline/ }).first().click();
    const timeline = await administrator.getByRole('main').innerText();
    assert.match(timeline, /began to use[^]*looked at orders[^]*stopped/);
    await assertReadable(administrator);
  });
}

scene('agents and customers find no trail and no other agent’s impersonation', {}, async ({ visitor }) => {
  const eve = await visitor();
  await signIn(eve, { email: 'eve@example.com' });
  const agent = await visitor();
  await signIn(agent, bob);
  const { impersonation } = await startAs(agent, await accountOf(agent, carol));
  const customer = await visitor();
  await signIn(customer, alice);
  for (const page of [eve, customer]) {
    for (const path of ['/audit', `/impersonations/${impersonation.id}`]) {
      assert.equal((await page.goto(path)).status(), 404, path);
      await assertReadable(page);
    }
  }
});

// Last, because a pause is for everybody.
for (const view of views) {
  scene(`Dana pauses everything, and lets agents start again: ${inWords(view)}`, view, async ({ visitor }) => {
    const agent = await visitor();
    await signIn(agent, bob);
    const account = await accountOf(agent, carol);
    await startAs(agent, account);
    const administrator = await visitor();
    await signIn(administrator, dana);
    await administrator.goto('/impersonations');
    await administrator.getByText('Pause everything').first().click();
    await administrator.getByLabel(/^Why/).fill('Something is odd');
    await administrator.getByRole('button', { name: 'Pause everything' }).click();
    await administrator.getByText('Everything is paused', { exact: true }).waitFor();
    await assertReadable(administrator);
    assert.equal((await agent.goto('/')).status(), 410);
    await agent.getByRole('button', { name: 'Go on as Bob Marsh' }).click();
    const data = { account_id: account.id, reason: 'Again' };
    const { status, body } = await ask(agent, '/impersonation', { method: 'POST', data });
    assert.equal(status, 403);
    assert.match(body.detail, /Something is odd/);
    await administrator.getByRole('button', { name: 'Let agents start again' }).click();
    await startAs(agent, account);
    await ask(agent, '/impersonation', { method: 'DELETE' });
  });
}
