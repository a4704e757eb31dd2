// The banner says what is so, also after something changed elsewhere, and costs nobody what they have typed.
import assert from 'node:assert/strict';
import { openHouse } from '../browser.mjs';
import { assertAccessible, assertInPlainSight } from '../checks.mjs';
import { accountOf, alice, ask, banner, bob, dana, signIn, startAs, stop, whoAmI } from '../people.mjs';

const { scene } = await openHouse();
const write = /write mode until \d\d:\d\d UTC/;

/** Opens the customer's profile as the agent, in a window that hears nothing by a socket. */
async function inside(visitor, path = '/profile') {
  const page = await visitor();
  await page.context().routeWebSocket(/\/cable/, (socket) => socket.close());
  await signIn(page, bob);
  await startAs(page, await accountOf(page, alice));
  await page.goto(path);
  return page;
}

async function anotherTab(page, path = '/search') {
  const other = await page.context().newPage();
  await other.goto(path);
  return other;
}

const name = (page) => page.getByLabel('Name', { exact: true });
const says = (page, text) => banner(page).getByText(text).first().waitFor();
const modeOf = async (page) => (await whoAmI(page)).impersonation?.mode;

async function raise(page) {
  await banner(page).getByText('Switch to write').click();
  await banner(page).getByRole('button', { name: /^Write for/ }).click();
}

scene('the mode is changed without a new page, what was typed stays, and other tabs say the same', {}, async ({ visitor }) => {
  const page = await inside(visitor);
  const other = await anotherTab(page);
  await name(page).fill('Alice Half');
  await raise(page);
  for (const tab of [page, other]) {
    await says(tab, write);
    assert.equal(await banner(tab).getAttribute('data-mode'), 'write');
    assert.equal(await banner(tab).getByText('Switch to write').isVisible(), false);
    await assertInPlainSight(banner(tab).getByRole('button', { name: 'Back to reading' }));
  }
  await assertAccessible(page);
  assert.equal(await modeOf(page), 'write');
  assert.equal(await name(page).inputValue(), 'Alice Half');
  assert.ok(await page.evaluate(() => document.activeElement.textContent === 'Back to reading'), 'the focus is not lost');

  await banner(other).getByRole('button', { name: 'Back to reading' }).click();
  for (const tab of [page, other]) {
    await says(tab, 'reading only');
    await assertInPlainSight(banner(tab).getByText('Switch to write'));
  }
  assert.equal(await modeOf(page), 'read');
  assert.equal(await name(page).inputValue(), 'Alice Half');

  await stop(other);
  await says(page, 'You are now yourself again');
  await page.locator('#vicarious-banner[data-mode=ended]').waitFor();
  assert.equal(await banner(page).getByText('reading only').isVisible(), false);
  assert.equal(await name(page).inputValue(), 'Alice Half');
});

scene('what the component has switched to shows at once in the banner of the document, and in other tabs', {}, async ({ visitor }) => {
  const page = await inside(visitor);
  const other = await anotherTab(page);
  await page.addScriptTag({ url: '/impersonation/component.js' });
  await page.evaluate(() => document.body.prepend(document.createElement('vicarious-banner')));
  const answered = page.evaluate(async () => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    return (await fetch('/profile', { method: 'PATCH', headers, body: '{"name": "Alice the Third"}' })).status;
  });
  const dialog = page.getByRole('dialog');
  await dialog.getByText('To save this profile you have to be in write mode. Switch to write?').waitFor();
  await assertInPlainSight(dialog.getByRole('button', { name: 'Stop' }));
  await dialog.getByRole('button', { name: 'Yes' }).click();
  await says(page, write);
  await says(other, write);
  await dialog.getByRole('button', { name: 'Yes' }).click();
  assert.equal(await answered, 200);
  await banner(page).getByRole('button', { name: 'Back to reading' }).click();
  await says(page, 'reading only');
  assert.equal(await modeOf(page), 'read');
});

scene('whoever is asked something can also stop', {}, async ({ visitor }) => {
  const page = await inside(visitor);
  await page.addScriptTag({ url: '/impersonation/component.js' });
  await page.evaluate(() => document.body.prepend(document.createElement('vicarious-banner')));
  page.evaluate(() => fetch('/profile', { method: 'PATCH' })).catch(() => {});
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await banner(page).waitFor({ state: 'detached' });
  assert.equal((await whoAmI(page)).impersonation, null);
});

scene('what was changed without any tab shows when the tab is looked at', {}, async ({ visitor }) => {
  const page = await inside(visitor);
  await name(page).fill('Alice Half');
  const look = () => page.evaluate(() => window.dispatchEvent(new Event('focus')));
  const change = (method, data) => ask(page, '/impersonation', { method, data });
  await change('PATCH', { mode: 'write', reason: 'By a program' });
  await look();
  await says(page, write);
  await change('PATCH', { mode: 'read' });
  await look();
  await says(page, 'reading only');
  const handle = (await page.context().cookies()).filter(({ name }) => name === 'vicarious-handle');
  await change('DELETE');
  await page.context().addCookies(handle);
  await look();
  await says(page, /It was stopped/);
  assert.equal(await name(page).inputValue(), 'Alice Half');
});

scene('asking how it is leaves no trace', {}, async ({ visitor }) => {
  const page = await inside(visitor);
  const { impersonation } = await whoAmI(page);
  const asked = page.waitForResponse((response) => new URL(response.url()).pathname === '/impersonation');
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  assert.equal((await (await asked).json()).impersonation.id, impersonation.id);
  const administrator = await visitor();
  await signIn(administrator, dana);
  const { body } = await ask(administrator, `/audit?impersonation=${impersonation.id}`);
  const asks = body.entries.filter(({ method }) => method === 'GET').map(({ path }) => path);
  assert.ok(asks.includes('/profile'), JSON.stringify(asks));
  assert.ok(!asks.includes('/impersonation'));
});

scene('where the script cannot ask, the form does what it did without', {}, async ({ visitor }) => {
  const page = await inside(visitor);
  await page.route('/impersonation', (route, request) => (request.method() === 'PATCH' ? route.abort() : route.continue()));
  const sent = page.waitForRequest((request) => request.method() === 'POST' && new URL(request.url()).pathname === '/impersonation');
  await raise(page);
  await sent;
  await page.waitForURL('**/profile');
  await says(page, write);
  assert.equal(await modeOf(page), 'write');
});

for (const javaScript of [true, false]) {
  scene(`what was typed for an impersonation that is over is on the page that says so, ${javaScript ? 'with' : 'without'} JavaScript`, { javaScript }, async ({ visitor }) => {
    const page = await inside(visitor);
    const { impersonation } = await whoAmI(page);
    await name(page).fill('Alice Nearly Lost');
    const administrator = await visitor();
    await signIn(administrator, dana);
    const { status: revoked } = await ask(administrator, `/impersonations/${impersonation.id}`, { method: 'DELETE' });
    assert.ok(revoked < 300);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: 'Save' }).click(),
    ]);
    assert.equal(answer.status(), 410);
    await page.getByRole('heading', { name: 'What you typed' }).waitFor();
    await page.getByText('Alice Nearly Lost').waitFor();
    await assertAccessible(page);
  });
}

for (const width of [390, 1100]) {
  scene(`a header of the application's that sticks to the top stays in sight below the banner, ${width} pixels wide`, {}, async ({ visitor }) => {
    const page = await inside(visitor, '/orders');
    await page.setViewportSize({ width, height: 600 });
    await page.evaluate(() => {
      const header = document.createElement('header');
      header.textContent = 'A header';
      header.id = 'sticks';
      Object.assign(header.style, { position: 'sticky', top: 'var(--vicarious-banner-height, 0px)', zIndex: 10 });
      const filling = document.createElement('div');
      filling.style.height = '3000px';
      document.body.append(header, filling);
      scrollTo(0, document.body.scrollHeight);
    });
    await page.waitForFunction(() => scrollY > 0);
    await assertInPlainSight(page.locator('#sticks'));
    await assertInPlainSight(banner(page).getByRole('button', { name: 'Stop' }));
  });
}
