// The main path with nothing but a keyboard: Tab, Enter and letters.
import assert from 'node:assert/strict';
import { openHouse } from '../browser.mjs';
import { alice, banner, bob, whoAmI } from '../people.mjs';

const { scene } = await openHouse();

/** Presses Tab until the focus is on `target`, and asserts that everybody could see it arrive. */
async function tabTo(page, target) {
  await target.waitFor();
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((element) => element === document.activeElement)) {
      const style = await target.evaluate((element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return { outlineStyle, outlineWidth, boxShadow };
      });
      const visible = (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none';
      assert.ok(visible, `the focus cannot be seen: ${JSON.stringify(style)}`);
      return;
    }
  }
  assert.fail(`the keyboard does not reach ${target}`);
}

async function press(page, target) {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

async function type(page, target, text) {
  await tabTo(page, target);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

for (const javaScript of [true, false]) {
  const name = javaScript ? 'Alice Tab' : 'Alice Enter';
  const words = javaScript ? 'with JavaScript' : 'without JavaScript';
  scene(`Bob helps Alice without touching a mouse, ${words}`, { javaScript }, async ({ visitor }) => {
    const page = await visitor();
    await page.goto('/');
    await type(page, page.getByLabel('E-mail'), bob.email);
    await type(page, page.getByLabel('Password'), 'correct horse battery staple');
    await page.keyboard.press('Enter');
    await type(page, page.getByRole('searchbox'), alice.email);
    await page.keyboard.press('Enter');
    await press(page, page.getByRole('link', { name: /^Impersonate Alice \w+$/ }));
    await type(page, page.getByLabel('Reason'), 'No mouse at hand');
    await page.keyboard.press('Enter');
    await banner(page).waitFor();
    assert.equal((await whoAmI(page)).current_user.email, alice.email);

    await press(page, page.getByRole('link', { name: 'Profile' }));
    await type(page, page.getByLabel('Name', { exact: true }), name);
    await page.keyboard.press('Enter');
    await press(page, page.getByRole('main').getByRole('button', { name: 'Switch to write' }));
    await press(page, page.getByRole('button', { name: 'Yes, save this profile' }));
    await page.getByLabel('Name', { exact: true }).waitFor();
    assert.equal((await whoAmI(page)).current_user.name, name);

    await press(page, banner(page).getByRole('button', { name: 'Stop' }));
    await page.getByText(`You are logged out as ${alice.email}`).waitFor();
  });
}
