// The pictures of the README. They go to docs/images/ with E2E_SCREENSHOTS=1, otherwise to a temporary folder.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openHouse } from '../browser.mjs';
import { alice, ask, banner, bob, dana, signIn, stop } from '../people.mjs';

const { scene } = await openHouse();
const kept = process.env.E2E_SCREENSHOTS === '1';
const folder = kept
  ? fileURLToPath(new URL('../../docs/images/', import.meta.url))
  : await mkdtemp(path.join(tmpdir(), 'vicarious-pictures-'));
await mkdir(folder, { recursive: true });
after(() => kept || rm(folder, { recursive: true, force: true }));

async function picture(page, name, heading) {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await page.waitForLoadState('load');
  const file = path.join(folder, `${name}.png`);
  await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  assert.ok((await stat(file)).size > 10_000, `${name} is more than a blank page`);
}

const filledIn = new URLSearchParams({
  account: 'alice',
  ticket: 'SUP-4711',
  reason: 'Her name is wrong on parcels',
  go_to: '/invoices',
  return_to: '/accounts',
});

const goIn = (page) => page.getByRole('button', { name: /^Start as Alice/ }).click();

scene('the banner fits on a phone in the dark', { screen: 'phone', scheme: 'dark' }, async ({ visitor }) => {
  const agent = await visitor();
  await signIn(agent, bob);
  await agent.goto(`/impersonation/new?${filledIn}`);
  await goIn(agent);
  await picture(agent, 'banner-phone-dark', 'Invoices');
  await stop(agent);
});

scene('the pictures of the README show what they say', {}, async ({ visitor }) => {
  const agent = await visitor();
  await signIn(agent, bob);
  await agent.goto(`/impersonation/new?${filledIn}`);
  await picture(agent, 'start-page', 'Use the application as Alice Winter');
  await goIn(agent);
  await agent.locator('tr', { hasText: /open|overdue/ }).first().getByRole('link').click();
  await picture(agent, 'banner', /^Invoice /);
  await ask(agent, '/payments', { method: 'POST', data: {} });
  await agent.goto('/profile');
  await agent.getByLabel('Name', { exact: true }).fill('Alice Winter-Finch');
  await agent.getByRole('button', { name: 'Save' }).click();
  await agent.getByRole('main').getByRole('button', { name: 'Switch to write' }).click();
  await picture(agent, 'confirmation', /^Save this profile/);
  await agent.getByRole('button', { name: 'Yes, save this profile' }).click();
  await agent.getByRole('heading', { level: 1, name: 'Profile' }).waitFor();
  await banner(agent).getByRole('button', { name: 'Stop' }).click();
  await agent.getByText(`You are logged out as ${alice.email}`).waitFor();

  const customer = await visitor();
  await signIn(customer, alice);
  await customer.goto('/access-log');
  await picture(customer, 'access-log', 'Who looked at my account');
  const administrator = await visitor();
  await signIn(administrator, dana);
  await administrator.setViewportSize({ width: 1280, height: 1280 });
  await administrator.goto('/impersonations');
  await administrator.getByRole('link', { name: /^Timeline/ }).first().click();
  await picture(administrator, 'timeline', 'Bob Marsh as Alice Winter');
});
