// Open pages learn what happens elsewhere, lose nothing that was typed, and do without sockets where they must.
import assert from 'node:assert/strict';
import { looks, inWords, openHouse } from '../browser.mjs';
import { assertAccessible, assertFits } from '../checks.mjs';
import { accountOf, alice, ask, bob, carol, dana, signIn, startAs, stop } from '../people.mjs';

const { scene } = await openHouse();
const inside = (page) => page.locator('#inside').getByText('Bob Marsh from support is viewing your account');
const over = (page) => page.getByRole('alert').filter({ hasText: 'Nothing on this page can be sent' });

/** Opens a page, and waits until it listens. */
async function listening(page, path) {
  const confirmed = new Promise((resolve) => {
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => String(payload).includes('confirm_subscription') && resolve());
    });
  });
  await page.goto(path);
  await confirmed;
}

for (const look of looks.filter(({ javaScript }) => javaScript)) {
  scene(`a customer sees at once who comes in, and puts them out with one click, ${inWords(look)}`, look, async ({ visitor }) => {
    const [home, desk] = [await visitor(), await visitor()];
    await signIn(home, alice);
    await listening(home, '/orders');
    await signIn(desk, bob);
    await startAs(desk, await accountOf(desk, alice));
    await listening(desk, '/profile');
    await inside(home).waitFor();
    await assertAccessible(home);
    await assertFits(home);
    await home.getByRole('button', { name: /^End/ }).click();
    await inside(home).waitFor({ state: 'detached' });
    await over(desk).waitFor();
    await assertAccessible(desk);
    await assertFits(desk);
  });
}

scene('without JavaScript the customer sees who is inside with the next page, and puts them out', { javaScript: false }, async ({ visitor }) => {
  const [home, desk] = [await visitor(), await visitor({ javaScript: true })];
  await signIn(home, alice);
  await signIn(desk, bob);
  await startAs(desk, await accountOf(desk, alice));
  await home.goto('/orders');
  await inside(home).waitFor();
  await home.getByRole('button', { name: /^End/ }).click();
  await home.goto('/orders');
  assert.equal(await inside(home).count(), 0);
});

scene('a page whose impersonation ends says why, keeps what was typed, and sends nothing any more', {}, async ({ visitor }) => {
  const [home, desk] = [await visitor(), await visitor()];
  await signIn(home, alice);
  await signIn(desk, bob);
  const { impersonation } = await startAs(desk, await accountOf(desk, alice));
  await listening(desk, '/profile');
  const name = desk.getByLabel('Name', { exact: true });
  await name.fill('Alice W. Winter');
  const ended = await ask(home, `/access-log/${impersonation.id}`, { method: 'DELETE' });
  assert.ok(ended.status < 300, `${ended.status}`);
  await over(desk).waitFor();
  assert.equal(await name.inputValue(), 'Alice W. Winter');
  const sent = [];
  desk.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
  await desk.getByRole('button', { name: 'Save' }).click();
  await desk.getByRole('link', { name: 'Go on' }).click();
  await desk.getByRole('heading', { name: /no longer using the application as Alice/ }).waitFor();
  assert.deepEqual(sent, []);
});

scene('a tab that was opened before an impersonation began says whose it was', {}, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, bob);
  await listening(page, '/accounts');
  const second = await page.context().newPage();
  await second.goto('/');
  await startAs(second, await accountOf(second, alice));
  await over(page).waitFor();
  await over(page).getByRole('link', { name: 'Reload' }).click();
  await page.goto('/');
  await stop(page);
});

scene('signing out in one tab is told in the others', {}, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, carol);
  await listening(page, '/profile');
  await ask(page, '/session', { method: 'DELETE' });
  await over(page).waitFor();
  assert.match(await over(page).innerText(), /signed out/);
});

scene('a parcel that moves on changes the customer’s open page, and says so', {}, async ({ visitor }) => {
  const [home, desk] = [await visitor(), await visitor()];
  await signIn(home, alice);
  await listening(home, '/orders');
  const news = home.getByRole('link', { name: /^Notifications/ });
  const before = await news.innerText();
  assert.equal(await home.getByText('on its way').count(), 1);
  await signIn(desk, bob);
  await desk.goto('/parcels');
  await assertAccessible(desk);
  await desk.getByRole('row').filter({ hasText: 'Alice Winter' }).getByRole('button').click();
  await home.getByRole('status').filter({ hasText: /is delivered/ }).waitFor();
  await home.getByText('on its way').waitFor({ state: 'detached' });
  assert.notEqual(await news.innerText(), before);
});

scene('a request for consent appears at once, and its answer too', {}, async ({ visitor }) => {
  const [home, desk] = [await visitor(), await visitor()];
  await signIn(desk, bob);
  const { body } = await ask(desk, '/accounts?page=2');
  const customer = body.accounts[0];
  await signIn(home, customer);
  await listening(home, '/consents');
  const asked = await ask(desk, '/consents/requests', { method: 'POST', data: { account_id: customer.id, reason: 'Your question about tea' } });
  assert.ok(asked.status < 300);
  await home.getByText('Your question about tea').waitFor();
  await listening(desk, '/consents');
  const given = await ask(home, `/consents/${asked.body.id}`, { method: 'PATCH', data: { decision: 'give' } });
  assert.ok(given.status < 300);
  await desk.getByRole('status').filter({ hasText: 'has answered' }).waitFor();
});

scene('the administrator’s list of who is inside whom moves by itself', {}, async ({ visitor }) => {
  const [office, desk] = [await visitor(), await visitor()];
  await signIn(office, dana);
  await listening(office, '/impersonations');
  await signIn(desk, bob);
  await startAs(desk, await accountOf(desk, carol));
  const row = office.getByRole('row').filter({ hasText: 'Bob Marsh' }).filter({ hasText: 'Carol Okafor' });
  const revoke = row.getByRole('button', { name: /^Revoke/ });
  await revoke.waitFor();
  const stopped = await ask(desk, '/impersonation', { method: 'DELETE' });
  assert.equal(stopped.status, 200);
  await revoke.waitFor({ state: 'detached' });
});

scene('where sockets are blocked, a page asks now and then instead', {}, async ({ visitor }) => {
  const [home, desk] = [await visitor(), await visitor()];
  await home.clock.install();
  await home.routeWebSocket(/\/cable/, (socket) => socket.close());
  await signIn(home, alice);
  await home.goto('/orders');
  await signIn(desk, bob);
  await startAs(desk, await accountOf(desk, alice));
  assert.equal(await inside(home).count(), 0);
  for (let waited = 0; waited < 20 && (await inside(home).count()) === 0; waited += 1) await home.clock.runFor(10_000);
  await inside(home).waitFor();
  await ask(desk, '/impersonation', { method: 'DELETE' });
});
