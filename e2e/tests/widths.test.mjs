// Nobody scrolls sideways in the console, on whatever screen.
import assert from 'node:assert/strict';
import { openHouse } from '../browser.mjs';
import { assertFits } from '../checks.mjs';
import { accountOf, alice, bob, dana, signIn, startAs, stop, yara } from '../people.mjs';

const { scene } = await openHouse();
const widths = [320, 390, 768, 961, 1024, 1280];

const fits = async (page, path) => {
  const answer = await page.goto(path);
  assert.equal(answer.status(), 200, path);
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    await assertFits(page);
  }
};

for (const locale of ['en-GB', 'de-DE']) {
  scene(`staff read every list of the console without scrolling sideways, in ${locale}`, {}, async ({ visitor }) => {
    const agent = await visitor();
    await signIn(agent, bob);
    const account = await accountOf(agent, alice);
    const { impersonation } = await startAs(agent, account, { ticket: 'SUP-9' });
    await agent.goto('/orders');
    await stop(agent);
    const administrator = await visitor({ locale });
    await signIn(administrator, dana);
    await administrator.goto('/accounts');
    assert.equal(await administrator.locator('html').getAttribute('lang'), locale.slice(0, 2));
    // Called the same in both languages; the widest of all lists has this column.
    await administrator.getByRole('columnheader', { name: 'Organisation' }).waitFor();
    const lists = ['/accounts', '/accounts?page=2', '/impersonations', '/consents', '/audit'];
    const one = [`/accounts/${account.id}`, `/impersonations/${impersonation.id}`];
    const starts = ['/impersonation/new', `/impersonation/new?account=${account.id}`];
    for (const path of [...lists, ...one, ...starts]) await fits(administrator, path);
  });
}

scene('customers, and who administers an organisation, read theirs without scrolling sideways', {}, async ({ visitor }) => {
  const customer = await visitor();
  await signIn(customer, yara);
  for (const path of ['/consents', '/consents/people', '/access-log', '/support-code']) await fits(customer, path);
});
