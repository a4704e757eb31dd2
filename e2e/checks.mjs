// What must hold on any page.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Asserts that axe-core finds nothing serious or critical. */
export async function assertAccessible(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(async () => {
    // Timers stand still in a browser without JavaScript, and axe waits for one.
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (callback) => void Promise.resolve().then(callback);
    const found = await globalThis.axe.run(document, { resultTypes: ['violations'], preload: false });
    globalThis.setTimeout = setTimeout;
    return found;
  });
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const found = grave.map(({ id, impact, help, nodes }) => {
    const where = nodes.map(({ html, failureSummary }) => `    ${html}\n      ${failureSummary.replaceAll('\n', '\n      ')}`);
    return `  ${id} (${impact}): ${help}\n${where.join('\n')}`;
  });
  assert.equal(found.length, 0, `${page.url()} has violations:\n${found.join('\n')}`);
}

/** Asserts that nobody has to scroll sideways. */
export async function assertFits(page) {
  const { width } = page.viewportSize();
  const needed = await page.evaluate(() => document.documentElement.scrollWidth);
  if (needed <= width) return;
  const wide = await page.evaluate((limit) => {
    const tooWide = (element) => element.getBoundingClientRect().right > limit + 1;
    return [...document.body.querySelectorAll('*')].filter(tooWide).slice(0, 5).map((element) => element.outerHTML.slice(0, 120));
  }, width);
  assert.fail(`${page.url()} is ${needed} pixels wide on a screen of ${width}: ${wide.join(' ')}`);
}

/** Asserts that an element is inside the viewport and that nothing covers its middle. */
export async function assertInPlainSight(locator) {
  const found = await locator.evaluate((element) => {
    const { left, right, top, bottom, width, height } = element.getBoundingClientRect();
    const inside = width > 0 && height > 0 && top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth + 1;
    const root = element.getRootNode();
    const hit = root.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return { inside, uncovered: element.contains(hit), box: { left, right, top, bottom } };
  });
  assert.ok(found.inside, `not inside the viewport: ${JSON.stringify(found.box)}`);
  assert.ok(found.uncovered, `covered by something else: ${JSON.stringify(found.box)}`);
}

/** Asserts that a page can be read by everybody: by a screen reader, and without scrolling sideways. */
export async function assertReadable(page) {
  await assertAccessible(page);
  await assertFits(page);
}
