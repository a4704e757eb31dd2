// What an agent's other tabs and the back button make of a change of identity.
import assert from 'node:assert/strict';
import { openHouse } from '../browser.mjs';
import { accountOf, alice, ask, banner, bob, carol, signIn, startAs, stop, whoAmI } from '../people.mjs';

const { scene } = await openHouse();
const habits = [true, false].map((javaScript) => ({ javaScript }));
const words = ({ javaScript }) => (javaScript ? 'with JavaScript' : 'without JavaScript');

// The page would know by its socket, and send nothing; what the server makes of it must show all the same.
const deaf = (page) => page.routeWebSocket(/\/cable/, (socket) => socket.close());

for (const habit of habits) {
  // T31
  scene(`the back button after stop shows nothing of the customer, ${words(habit)}`, habit, async ({ visitor }) => {
    const page = await visitor();
    await signIn(page, bob);
    const account = await accountOf(page, alice);
    await startAs(page, account);
    await page.goto('/profile');
    assert.match(await page.locator('body').innerText(), new RegExp(alice.email));
    await stop(page);
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === '/profile');
    await page.goBack();
    await answered;
    const text = await page.locator('body').innerText();
    assert.doesNotMatch(text, new RegExp(alice.email));
    assert.doesNotMatch(await page.content(), new RegExp(account.name));
  });

  // T32
  scene(`a form of Alice's page that is sent after stop is explained and not carried out, ${words(habit)}`, habit, async ({ visitor }) => {
    const page = await visitor();
    await deaf(page);
    await signIn(page, bob);
    const { current_user: self } = await whoAmI(page);
    await startAs(page, await accountOf(page, alice));
    const { status } = await ask(page, '/impersonation', { method: 'PATCH', data: { mode: 'write', reason: 'Wrong name' } });
    assert.equal(status, 200);
    await page.goto('/profile');
    await page.getByLabel('Name', { exact: true }).fill('Mallory');
    const other = await page.context().newPage();
    await other.goto('/');
    await stop(other);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: 'Save' }).click(),
    ]);
    assert.equal(answer.status(), 409);
    await page.getByRole('heading', { name: /another identity/ }).waitFor();
    assert.deepEqual((await whoAmI(page)).current_user, self);
  });

  scene(`a form of Alice's page that is sent as Carol is explained and not carried out, ${words(habit)}`, habit, async ({ visitor }) => {
    const page = await visitor();
    await deaf(page);
    await signIn(page, bob);
    const [first, second] = [await accountOf(page, alice), await accountOf(page, carol)];
    const { impersonation } = await startAs(page, first);
    await page.goto('/profile');
    await page.getByLabel('Name', { exact: true }).fill('Mallory');
    await startAs(page, second, { instead_of: impersonation.id });
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: 'Save' }).click(),
    ]);
    assert.equal(answer.status(), 409);
    await page.getByRole('heading', { name: /another identity/ }).waitFor();
    const { current_user: current } = await whoAmI(page);
    assert.deepEqual(current, second);
  });
}

for (const width of [390, 1100]) {
  scene(`Stop stays where it is while write mode is asked for, ${width} pixels wide`, {}, async ({ visitor }) => {
    const page = await visitor();
    await page.setViewportSize({ width, height: 800 });
    await signIn(page, bob);
    await startAs(page, await accountOf(page, alice));
    await page.goto('/profile');
    const place = () => page.locator('.vicarious-stop').boundingBox();
    const before = await place();
    await banner(page).getByText('Switch to write').click();
    await banner(page).getByRole('button', { name: /^Write for/ }).waitFor();
    assert.deepEqual(await place(), before);
  });
}
