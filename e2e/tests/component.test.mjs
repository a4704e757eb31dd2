// The component on pages that have the layer's own banner: it adds none, and does the rest.
import assert from 'node:assert/strict';
import { openHouse } from '../browser.mjs';
import { accountOf, alice, ask, banner, bob, signIn, startAs, whoAmI } from '../people.mjs';

const { scene } = await openHouse();
const desktop = { screen: 'desktop', scheme: 'light', javaScript: true };

scene('where the document has a banner there is no second one, and scripts carry its identity', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, bob);
  await startAs(page, await accountOf(page, alice));
  await page.goto('/profile');
  await page.addScriptTag({ url: '/impersonation/component.js' });
  await page.evaluate(() => document.body.prepend(document.createElement('vicarious-banner')));
  const tag = await banner(page).getAttribute('data-tag');
  const asked = page.waitForRequest((request) => request.method() === 'PATCH');
  const name = page.evaluate(async () => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const answer = await fetch('/profile', { method: 'PATCH', headers, body: '{"name": "Alice the First"}' });
    return (await answer.json()).name;
  });
  assert.equal((await (await asked).allHeaders()).identity, tag);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Switch to write?').waitFor();
  await page.keyboard.press('Enter');
  await dialog.getByText(/account\?$/).waitFor();
  await dialog.getByRole('button', { name: 'Yes' }).click();
  assert.equal(await name, 'Alice the First');
  assert.equal(await banner(page).count(), 1, 'one banner, which is the document’s');
  assert.equal((await whoAmI(page)).impersonation.mode, 'write');
});

scene('what a script is refused shows in the banner of the document, and the page stays', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, bob);
  await startAs(page, await accountOf(page, alice));
  await page.goto('/search');
  await page.addScriptTag({ url: '/impersonation/component.js' });
  await page.evaluate(() => document.body.prepend(document.createElement('vicarious-banner')));
  const handle = (await page.context().cookies()).filter(({ name }) => name === 'vicarious-handle');
  await ask(page, '/impersonation', { method: 'DELETE' });
  await page.context().addCookies(handle);
  assert.equal(await page.evaluate(async () => (await fetch('/orders')).status), 410);
  await banner(page).getByText('It was stopped.').first().waitFor();
  await banner(page).getByRole('button', { name: 'Go on as' }).waitFor();
});

scene('what an XMLHttpRequest is refused is explained and asked on the page, which then sends it again', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, bob);
  await startAs(page, await accountOf(page, alice));
  await page.goto('/search');
  await page.addScriptTag({ url: '/impersonation/component.js' });
  await page.evaluate(() => document.body.prepend(document.createElement('vicarious-banner')));
  const press = (method, url) =>
    page.evaluate(
      ([method, url]) =>
        new Promise((done) => {
          const asked = new XMLHttpRequest();
          asked.open(method, url);
          asked.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
          asked.onload = () => done(asked.status);
          asked.send('name=Alice+the+Second');
        }),
      [method, url],
    );
  const dialog = page.getByRole('dialog');
  const answer = async (says, button) => {
    await dialog.getByText(says).waitFor();
    await dialog.getByRole('button', { name: button }).click();
  };

  assert.equal(await press('POST', '/payments'), 403);
  await dialog.getByText(/can do this/).waitFor();
  assert.equal(await dialog.getByRole('button').count(), 1, 'there is nothing to decide');
  await answer(/can do this/, 'Close');

  assert.equal(await press('PATCH', '/profile'), 403);
  await answer('Switch to write?', 'Yes');
  await answer('Now press it again.', 'Close');
  assert.equal(await press('PATCH', '/profile'), 428);
  await answer(/account\?$/, 'Yes');
  await answer('Now press it again.', 'Close');
  assert.equal(await press('POST', '/payments'), 403);
  await answer(/can do this/, 'Close');
  assert.ok((await press('PATCH', '/profile')) < 400);
  assert.equal(await press('PATCH', '/profile'), 428, 'a yes is for one request');
  await answer(/account\?$/, 'Cancel');
  assert.equal(await dialog.count(), 0);
});
