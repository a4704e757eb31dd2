// Another site's page in the agent's own browser can neither start nor stop anything (T15).
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { openHouse } from '../browser.mjs';
import { accountOf, alice, ask, bob, signIn, startAs, whoAmI } from '../people.mjs';
import { serveStrangers } from '../strangers.mjs';

const { scene, origin } = await openHouse();
const strangers = await serveStrangers();
after(strangers.close);

const hidden = (fields) =>
  Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join('');

const form = (path, fields, method = 'post') =>
  `<form action="${origin}${path}" method="${method}">${hidden(fields)}<button>Kittens!</button></form>`;

const fetching = (path, options) => `<script>
  fetch(${JSON.stringify(origin + path)}, ${JSON.stringify({ mode: 'no-cors', credentials: 'include', ...options })})
    .catch(() => {})
    .finally(() => { document.title = 'Tried'; });
</script>`;

const asForm = (fields) => ({
  method: 'POST',
  body: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});

/** Everything that another page can try on a path, by name. */
function attempts(path, fields, method) {
  const query = `${path}?${new URLSearchParams(fields)}`;
  return {
    'a form by POST': { html: form(path, fields), click: true },
    'a form by GET': { html: form(path, fields, 'get'), click: true },
    'a link': { html: `<a href="${origin}${query.replaceAll('&', '&amp;')}">Kittens!</a>`, click: true },
    'an image': { html: `<img src="${origin}${query.replaceAll('&', '&amp;')}" alt="">` },
    'a frame': { html: `<iframe src="${origin}${query.replaceAll('&', '&amp;')}"></iframe>` },
    'fetch by GET': { html: fetching(query) },
    'fetch by POST': { html: fetching(path, asForm(fields)) },
    'fetch with a body of text': { html: fetching(path, { method: 'POST', body: JSON.stringify(fields) }) },
    [`fetch by ${method}`]: { html: fetching(path, { mode: 'cors', ...asForm(fields), method }) },
    'a beacon': { html: fetching(path, { ...asForm(fields), keepalive: true }) },
  };
}

async function lure(page, at, { html, click }) {
  await page.goto(at + strangers.page(html));
  if (click) {
    await page.getByText('Kittens!').click();
    await page.waitForURL((url) => url.origin === origin);
  } else if (html.includes('<script>')) {
    await page.waitForFunction(() => document.title === 'Tried');
  }
}

for (const [distance, at] of [['far away', strangers.farAway], ['next door', strangers.nextDoor]]) {
  scene(`a page from ${distance} cannot start an impersonation`, {}, async ({ visitor }) => {
    const page = await visitor();
    await signIn(page, bob);
    const account = await accountOf(page, alice);
    const fields = { account_id: account.id, reason: 'Kittens', account: account.id };
    for (const path of ['/impersonation', '/impersonation/new']) {
      for (const [name, attempt] of Object.entries(attempts(path, fields, 'PUT'))) {
        await lure(page, at, attempt);
        const { current_user: current, impersonation } = await whoAmI(page);
        assert.equal(current.email, bob.email, `${name} to ${path}`);
        assert.equal(impersonation, null, `${name} to ${path}`);
      }
    }
    // The same fields from no web page at all do start: what was refused above was refused for where it came from.
    await startAs(page, account);
  });

  scene(`a page from ${distance} cannot stop an impersonation or change its mode`, {}, async ({ visitor }) => {
    const page = await visitor();
    await signIn(page, bob);
    const { impersonation: started } = await startAs(page, await accountOf(page, alice));
    const wishes = [{ _method: 'DELETE' }, { _method: 'PATCH', mode: 'write', reason: 'Kittens' }];
    for (const fields of wishes) {
      for (const [name, attempt] of Object.entries(attempts('/impersonation', fields, 'DELETE'))) {
        await lure(page, at, attempt);
        const { current_user: current, impersonation } = await whoAmI(page);
        assert.equal(current?.email, alice.email, name);
        assert.equal(impersonation.id, started.id, name);
        assert.equal(impersonation.mode, 'read', name);
      }
    }
    const { status } = await ask(page, '/impersonation', { method: 'DELETE' });
    assert.equal(status, 200);
    assert.equal((await whoAmI(page)).impersonation, null);
  });
}
