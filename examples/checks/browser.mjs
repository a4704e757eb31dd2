// A real Chromium, and people in front of it, each with a profile of their own.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

function installedChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = process.env.PATH.split(path.delimiter);
  const found = names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync);
  if (!found) throw new Error(`none of ${names.join(', ')} is in PATH`);
  return found;
}

/** Opens a browser; `visitor()` is a page for somebody who has not been here before. */
export async function openBrowser(origin) {
  const browser = await chromium.launch({ executablePath: installedChromium(), args: flags });
  const visitor = async () => {
    const context = await browser.newContext({ baseURL: origin, locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' });
    context.setDefaultTimeout(10_000);
    return context.newPage();
  };
  return { visitor, close: () => browser.close() };
}

/** Finds the banner that says who acts as whom. */
export const banner = (page) => page.getByRole('region', { name: 'Impersonation' });

/** Lets a customer agree ahead on the console's page. */
export async function agreeAhead(page) {
  await page.getByLabel('For how long?').selectOption('day');
  await page.getByRole('button', { name: 'Agree' }).click();
  await page.getByRole('heading', { name: /^Any support agent until/ }).first().waitFor();
}

/** Lets an agent find a customer in the console's list and go in. */
export async function startFromTheList(page, customer) {
  await page.getByRole('searchbox').fill(customer);
  await page.getByRole('searchbox').press('Enter');
  await page.getByRole('link', { name: new RegExp(`^Impersonate ${customer}`) }).click();
  await start(page, customer);
}

/** Lets an agent go in, from the page that asks why. */
export async function start(page, customer) {
  await page.getByLabel('Reason').fill('Cannot see an order');
  await page.getByRole('button', { name: `Start as ${customer}` }).click();
  await banner(page).waitFor();
}
