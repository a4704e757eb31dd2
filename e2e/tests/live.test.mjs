// What changes on an open page while somebody looks at it, with sockets and where they are blocked.
import assert from 'node:assert/strict';
import { openHouse } from '../browser.mjs';
import { assertFits, assertInPlainSight, assertReadable } from '../checks.mjs';
import { accountOf, alice, ask, banner, bob, carol, dana, signIn, startAs, stop, whoAmI } from '../people.mjs';

const house = await openHouse();
const views = [{ screen: 'desktop', scheme: 'light' }, { screen: 'phone', scheme: 'dark' }];
// Where sockets are blocked a page asks now and then: every fifteen seconds.
const patience = { timeout: 40_000 };

const inWords = ({ screen, scheme, sockets }) => `${screen}, ${scheme}, ${sockets ? 'with' : 'without'} sockets`;
const ways = [...views.map((view) => ({ ...view, sockets: true })), { ...views[0], sockets: false }];

/** A scene that begins with nobody in anybody's account. */
const scene = (name, look, body) =>
  house.scene(name, look, async (tools) => {
    const administrator = await tools.visitor();
    await signIn(administrator, dana);
    const { body: listed } = await ask(administrator, '/impersonations');
    for (const { id, ended_at: ended } of listed.impersonations) {
      if (!ended) await ask(administrator, `/impersonations/${id}`, { method: 'DELETE' });
    }
    await body(tools);
  });

/** Signs somebody in, behind a proxy that lets no socket through if that is the way. */
async function enter(visitor, person, { sockets }) {
  const page = await visitor();
  if (!sockets) await page.context().routeWebSocket(/\/cable/, (socket) => socket.close());
  await signIn(page, person);
  return page;
}

/** Opens a page, and waits until it hears what happens. */
async function open(page, path, { sockets = true } = {}) {
  const answer = await page.goto(path);
  if (sockets) await page.locator('html[data-connected]').waitFor();
  return answer;
}

const bar = (page) => page.getByRole('region', { name: 'Support access to your account' });
const ended = (page) => page.locator('#vicarious-banner [data-vicarious=ended]');
const see = (locator) => locator.waitFor(patience);
const gone = (locator) => locator.waitFor({ state: 'detached', ...patience });

/** Returns a customer whom nobody has asked yet; each scene has one of its own. */
let met = 0;
async function somebody(page) {
  met += 1;
  const { body } = await ask(page, `/accounts?page=${met + 2}`);
  return body.accounts[0];
}

for (const way of ways) {
  scene(`news and orders arrive, and what is typed stays: ${inWords(way)}`, way, async ({ visitor }) => {
    const agent = await enter(visitor, bob, way);
    const { body } = await ask(agent, '/parcels');
    const parcel = body.parcels.find(({ state }) => state !== 'placed');
    const { body: found } = await ask(agent, `/accounts?q=${encodeURIComponent(parcel.name)}`);
    const customer = await enter(visitor, found.accounts.find(({ id }) => id === parcel.account_id), way);
    await open(customer, '/orders', way);
    const search = customer.getByRole('searchbox');
    await search.fill('half a word');
    const unread = Number(await customer.locator('[data-live=unread]').getAttribute('data-count'));
    const { status } = await ask(agent, `/parcels/${parcel.id}`, { method: 'PATCH', data: { state: 'delivered' } });
    assert.equal(status, 200);
    const row = customer.getByRole('row', { name: parcel.id });
    await see(row.getByText('delivered'));
    await see(customer.locator(`[data-live=unread][data-count="${unread + 1}"]`));
    assert.equal(await search.inputValue(), 'half a word');
    if (way.sockets) {
      const toast = customer.getByRole('status').getByText('Your parcel has arrived');
      await assertInPlainSight(toast);
      await assertReadable(customer);
      await customer.getByRole('button', { name: 'Dismiss' }).click();
      assert.equal(await toast.count(), 0);
    }
    await open(customer, '/notifications', way);
    await customer.getByRole('button', { name: 'Mark all as read' }).click();
    await customer.locator('[data-live=unread][data-count="0"]').waitFor({ state: 'hidden', ...patience });
  });

  scene(`a question reaches the customer, and the answer the agent, without a reload: ${inWords(way)}`, way, async ({ visitor }) => {
    const agent = await enter(visitor, bob, way);
    const person = await somebody(agent);
    const customer = await enter(visitor, person, way);
    await open(customer, '/profile', way);
    await customer.getByLabel('Name', { exact: true }).fill('Half typed');
    await agent.goto(`/impersonation/new?account=${person.id}&reason=Lost+parcel`);
    await agent.getByRole('button', { name: `Ask ${person.name}` }).click();
    await agent.getByText('has not answered yet').waitFor();
    if (way.sockets) await agent.locator('html[data-connected]').waitFor();

    await see(bar(customer).getByText('Bob Marsh asks to see your account'));
    assert.equal(await customer.getByLabel('Name', { exact: true }).inputValue(), 'Half typed');
    await assertReadable(customer);
    await bar(customer).getByRole('link', { name: 'Look' }).click();
    await customer.getByRole('main').getByRole('button', { name: 'Approve' }).click();
    await see(agent.getByRole('button', { name: `Start as ${person.name}` }));
    await assertReadable(agent);
    assert.equal(await bar(customer).getByRole('link').count(), 0);
  });

  scene(`the customer sees who comes in and puts them out, who is told why: ${inWords(way)}`, way, async ({ visitor }) => {
    const customer = await enter(visitor, alice, way);
    await open(customer, '/invoices', way);
    const agent = await enter(visitor, bob, way);
    await startAs(agent, await accountOf(agent, alice));
    await open(agent, '/profile', way);
    await agent.getByLabel('Name', { exact: true }).fill('Alice Half');

    const visit = bar(customer).getByText('Bob Marsh from support is viewing your account');
    await see(visit);
    await assertReadable(customer);
    await assertInPlainSight(bar(customer).getByRole('button', { name: 'End' }));
    await bar(customer).getByRole('button', { name: 'End' }).click();
    await customer.getByText('whoever was in there is out').waitFor();
    assert.equal(await visit.count(), 0);

    await see(ended(agent).getByText(/no longer using the shop as Alice Winter.*the customer, by an administrator/));
    await assertReadable(agent);
    assert.equal(await agent.getByLabel('Name', { exact: true }).inputValue(), 'Alice Half');
    assert.ok(await agent.getByRole('button', { name: 'Save' }).isDisabled());
    await agent.getByLabel('Name', { exact: true }).press('Enter');
    assert.equal(new URL(agent.url()).pathname, '/profile');
    await banner(agent).getByRole('button', { name: 'Go on as Bob Marsh' }).click();
    await banner(agent).waitFor({ state: 'detached' });
    assert.equal((await whoAmI(agent)).current_user.email, bob.email);
  });

  scene(`the administrator's list moves by itself, and the focus stays: ${inWords(way)}`, way, async ({ visitor }) => {
    const eve = await enter(visitor, { email: 'eve@example.com' }, way);
    await startAs(eve, await accountOf(eve, carol));
    const administrator = await enter(visitor, dana, way);
    await open(administrator, '/impersonations', way);
    const now = administrator.locator('[data-live=running]');
    const link = now.getByRole('link', { name: 'Timeline of Eve Sandoval' });
    await link.focus();
    const agent = await enter(visitor, bob, way);
    await startAs(agent, await accountOf(agent, alice), { reason: 'To be seen' });
    await see(now.getByText('To be seen'));
    assert.ok(await link.evaluate((element) => element === document.activeElement), 'the focus is where it was');
    await assertReadable(administrator);
    await ask(eve, '/impersonation', { method: 'DELETE' });
    await gone(link);
    assert.ok(await now.evaluate((element) => element.contains(document.activeElement)), 'the focus is not lost');
    await ask(agent, '/impersonation', { method: 'DELETE' });
    await see(now.getByText('Nobody is in a customer’s account'));
  });

  scene(`a tab that is left behind says whose it was, and comes back: ${inWords(way)}`, way, async ({ visitor }) => {
    const page = await enter(visitor, bob, way);
    await open(page, '/accounts', way);
    await page.getByRole('searchbox').fill('half a name');
    const other = await page.context().newPage();
    await other.goto('/');
    await startAs(other, await accountOf(other, carol));
    const told = page.getByRole('alert');
    await see(told.getByText('you are now using the shop as Carol Okafor'));
    await assertReadable(page);
    assert.match(await told.innerText(), /opened as Bob Marsh/);
    assert.ok(await page.getByRole('button', { name: 'Log out' }).isDisabled());
    await other.goto('/');
    await stop(other);
    await page.bringToFront();
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await gone(told);
    assert.equal(await page.getByRole('searchbox').inputValue(), 'half a name');
    assert.ok(await page.getByRole('button', { name: 'Log out' }).isEnabled());
  });
}

scene('tabs of an impersonation that was stopped, or of a sign-in that is over, say so at once', {}, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, bob);
  await startAs(page, await accountOf(page, alice));
  await open(page, '/orders');
  const other = await page.context().newPage();
  await other.goto('/');
  await stop(other);
  await see(ended(page).getByText(/It was stopped/));
  await open(page, '/accounts');
  await ask(page, '/session', { method: 'DELETE' });
  await see(page.getByRole('alert').getByText('nobody is signed in now'));
  await page.getByRole('alert').getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('Password').waitFor();
});

scene('a shadower hears the customer’s news, and what the page does by itself is not held against anybody', {}, async ({ visitor }) => {
  const agent = await visitor();
  await signIn(agent, bob);
  await startAs(agent, await accountOf(agent, alice));
  await open(agent, '/orders');
  const packer = await visitor();
  await signIn(packer, { email: 'eve@example.com' });
  await packer.goto('/parcels');
  await packer.getByRole('button', { name: /^Mark as packed.*KC-10000/ }).click();
  await see(agent.getByRole('row', { name: 'KC-10000' }).getByText('packed'));
  await agent.getByRole('status').getByText('Your parcel is packed').waitFor();
  await assertReadable(agent);
  await ask(agent, '/impersonation', { method: 'DELETE' });
  const customer = await visitor();
  await signIn(customer, alice);
  const { body } = await ask(customer, '/access-log');
  assert.deepEqual(body.accesses[0].did, ['looked at orders']);
});

scene('a restart is bridged: the page comes back and has missed nothing', {}, async ({ visitor }) => {
  const customer = await visitor();
  let sockets = 0;
  let cut = () => {};
  await customer.context().routeWebSocket(/\/cable/, (socket) => {
    sockets += 1;
    const server = socket.connectToServer();
    cut = () => Promise.all([socket.close(), server.close()]);
  });
  await signIn(customer, alice);
  await open(customer, '/orders');
  const agent = await visitor();
  await signIn(agent, bob);
  const before = sockets;
  await cut();
  await startAs(agent, await accountOf(agent, alice));
  await see(bar(customer).getByText('Bob Marsh from support is viewing'));
  assert.ok(sockets > before);
  await ask(agent, '/impersonation', { method: 'DELETE' });
  await gone(bar(customer).getByRole('button'));
});

for (const view of views) {
  scene(`without JavaScript the bar is there, and End works: ${view.screen}`, { ...view, javaScript: false }, async ({ visitor }) => {
    const agent = await visitor();
    await signIn(agent, bob);
    await startAs(agent, await accountOf(agent, alice));
    const customer = await visitor();
    await signIn(customer, alice);
    for (const path of ['/', '/orders', '/consents', '/access-log']) {
      await customer.goto(path);
      await assertReadable(customer);
      await assertInPlainSight(bar(customer).getByRole('button', { name: 'End' }));
    }
    await bar(customer).getByRole('button', { name: 'End' }).click();
    assert.equal((await agent.goto('/')).status(), 410);
    await customer.goto('/');
    assert.equal(await bar(customer).getByRole('button').count(), 0);
    await assertFits(customer);
  });
}
