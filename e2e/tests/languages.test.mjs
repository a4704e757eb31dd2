// What people read about impersonation, in the language that their browser asks for; the shop itself speaks English.
import assert from 'node:assert/strict';
import { openHouse } from '../browser.mjs';
import { assertReadable, assertInPlainSight } from '../checks.mjs';
import { accountOf, alice, ask, bob, signIn, startAs } from '../people.mjs';

const { scene } = await openHouse();
const german = { locale: 'de-DE' };
const language = (page) => page.locator('html').getAttribute('lang');

scene('a customer who speaks German reads who may look at her account, and who did', {}, async ({ visitor }) => {
  const page = await visitor(german);
  await signIn(page, alice);
  await page.goto('/consents');
  assert.equal(await language(page), 'de');
  await page.getByRole('heading', { level: 1, name: 'Support-Zugriff' }).waitFor();
  await page.getByRole('button', { name: 'Zurückziehen' }).first().waitFor();
  await assertReadable(page);
  await page.goto('/access-log');
  assert.equal(await language(page), 'de');
  await page.getByText('Aus dieser Liste kann niemand etwas entfernen.').waitFor();
  await assertReadable(page);
  const { body } = await ask(page, '/impersonation', { method: 'PATCH', data: { mode: 'write' } });
  assert.equal(body.title, 'No impersonation is running', 'programs read English');
});

scene('an agent who speaks German has a German banner on the English page of the customer', {}, async ({ visitor }) => {
  const page = await visitor(german);
  await signIn(page, bob);
  await startAs(page, await accountOf(page, alice));
  await page.goto('/invoices');
  assert.equal(await language(page), 'en', 'the shop speaks English');
  const banner = page.getByRole('region', { name: 'Identitätswechsel' });
  assert.equal(await banner.getAttribute('lang'), 'de');
  await banner.getByText(/Sie sind Bob.* und nutzen die Anwendung als Alice/).waitFor();
  await banner.getByText('nur lesend').waitFor();
  await assertInPlainSight(banner.getByRole('button', { name: 'Beenden' }));
  await assertReadable(page);
  await banner.getByRole('button', { name: 'Beenden' }).click();
  await page.getByText('Sie sind nicht mehr als alice@example.com angemeldet').waitFor();
});

scene('an open page tells an agent who speaks German in German that it is over', {}, async ({ visitor }) => {
  const page = await visitor(german);
  await signIn(page, bob);
  await startAs(page, await accountOf(page, alice));
  await page.goto('/profile');
  await page.locator('html[data-connected]').waitFor();
  await ask(page, '/impersonation', { method: 'DELETE' });
  const ended = page.locator('#vicarious-banner [data-vicarious=ended]');
  await ended.getByText(/Sie nutzen den Laden nicht mehr als Alice.*beendet\..*kann nichts mehr gesendet werden/).waitFor();
  await page.getByRole('button', { name: 'Weiter als Bob Marsh' }).waitFor();
  await assertReadable(page);
});
