// A real Chromium, and people in front of it: each with a profile, a screen and habits of their own.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { serveHelpdesk } from './helpdesk.mjs';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const screens = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

function installedChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = process.env.PATH.split(path.delimiter);
  const found = names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync);
  if (!found) throw new Error(`none of ${names.join(', ')} is in PATH`);
  return found;
}

/** Every way to look at the application that a test of the whole story has to hold for. */
export const looks = ['desktop', 'phone'].flatMap((screen) =>
  ['light', 'dark'].flatMap((scheme) => [true, false].map((javaScript) => ({ screen, scheme, javaScript }))),
);

/** Describes a look in words, for the name of a test. */
export function inWords({ screen, scheme, javaScript }) {
  return `${screen}, ${scheme}, ${javaScript ? 'with' : 'without'} JavaScript`;
}

/**
 * Opens an application and a browser for the tests of one file, and closes both after them.
 *
 * The application is the reference application, or what `serve` starts.
 * The returned `scene(name, look, body)` is a test. Its body gets `visitor()`, which opens a page for somebody who has
 * not been here before, and `origin`. What a failing scene had on its screens is kept.
 */
export async function openHouse(serve = serveHelpdesk) {
  const house = await serve();
  const browser = await chromium.launch({ executablePath: installedChromium(), args: flags });
  after(async () => {
    await browser.close();
    await house.close();
  });
  const { origin } = house;
  const scene = (name, look, body) =>
    test(name, { timeout: 240_000 }, async () => {
      const people = [];
      const complaints = [];
      const visitor = async (differently = {}) => {
        const page = await open(browser, origin, { ...look, ...differently }, complaints);
        people.push(page);
        return page;
      };
      try {
        await body({ visitor, origin });
        if (complaints.length > 0) throw new Error(`the browser complained:\n${complaints.join('\n')}`);
      } catch (error) {
        error.stack += `\n${await keep(name, people, await house.log())}`;
        throw error;
      } finally {
        await Promise.all(people.map((page) => page.context().close()));
      }
    });
  return { origin, scene };
}

async function open(browser, origin, { screen = 'desktop', scheme = 'light', javaScript = true, locale = 'en-GB' }, complaints) {
  const context = await browser.newContext({
    ...screens[screen],
    baseURL: origin,
    colorScheme: scheme,
    javaScriptEnabled: javaScript,
    reducedMotion: 'reduce',
    locale,
    timezoneId: 'UTC',
  });
  context.setDefaultTimeout(10_000);
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    const ours = message.page()?.url().startsWith(origin);
    if (ours && message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  return context.newPage();
}

// Says where the screens of a failed scene were kept.
async function keep(name, people, log) {
  const folder = await mkdtemp(path.join(tmpdir(), 'vicarious-e2e-failed-'));
  await writeFile(path.join(folder, 'server.log'), log);
  for (const [index, page] of people.entries()) {
    if (page.isClosed()) continue;
    const file = path.join(folder, String(index + 1));
    await writeFile(`${file}.html`, `<!-- ${page.url()} -->\n${await page.content().catch(String)}`);
    await page.screenshot({ path: `${file}.png`, fullPage: true }).catch(() => {});
  }
  return `what was on the screens of "${name}": ${folder}`;
}
