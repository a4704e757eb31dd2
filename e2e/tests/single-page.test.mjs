// A page that draws itself, with bearer tokens: <vicarious-banner> does what the layer does for documents.
import assert from 'node:assert/strict';
import { inWords, looks, openHouse } from '../browser.mjs';
import { assertInPlainSight, assertReadable } from '../checks.mjs';
import { banner } from '../people.mjs';
import { serveSinglePage } from '../single-page.mjs';

const { scene } = await openHouse(serveSinglePage);
const views = looks.filter(({ screen, scheme, javaScript }) => javaScript && (screen === 'phone') === (scheme === 'dark'));
const [desktop] = views;

async function signIn(page, who, address = '/') {
  await page.goto(address);
  await page.getByLabel('alice or bob').fill(who);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: who }).waitFor();
}

async function impersonate(page) {
  await page.getByRole('button', { name: 'Impersonate' }).click();
  await page.getByRole('heading', { name: 'alice' }).waitFor();
}

const said = (page, text) => page.getByRole('main').getByText(text).waitFor();
const kept = (page) =>
  page.evaluate(() => ({ token: sessionStorage.getItem('token'), handle: sessionStorage.getItem('vicarious-handle') }));

/** Signs out as the page itself would: from within, that is a stop. */
const signOut = (page) =>
  page.evaluate(async () => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('token')}` };
    const { status } = await fetch('/api/session', { method: 'DELETE', headers });
    return status;
  });

/** Asks as another program would that has the same token and handle. */
async function elsewhere(origin, { token, handle }, method, path, data) {
  const headers = { accept: 'application/json', authorization: `Bearer ${token}`, 'impersonation-handle': handle };
  const body = data && JSON.stringify(data);
  if (body) headers['content-type'] = 'application/json';
  const answer = await fetch(new URL(path, origin), { method, headers, body });
  return { status: answer.status, body: await answer.json() };
}

for (const view of views) {
  scene(`a page that draws itself says who acts as whom, and asks before it changes anything: ${inWords(view)}`, view, async ({ visitor }) => {
    const page = await visitor();
    await signIn(page, 'bob');
    assert.equal(await banner(page).count(), 0, 'nothing is shown to people as themselves');
    await impersonate(page);
    await assertInPlainSight(banner(page));
    assert.match(await banner(page).innerText(), /You are .?bob.?, using the application as .?alice.? \(alice@example.com\)[^]*reading only[^]*cannot find the newsletter/);
    await assertReadable(page);
    const timer = banner(page).getByRole('timer');
    const before = await timer.innerText();
    assert.match(before, /^(30:00|29:\d\d) left$/);
    await page.waitForFunction((old) => document.querySelector('vicarious-banner').shadowRoot.getElementById('left').textContent !== old, before);

    await page.getByLabel('Note').fill('call back');
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Switch to write?').waitFor();
    await assertReadable(page);
    assert.equal(await dialog.getByLabel('Reason').inputValue(), 'cannot find the newsletter');
    await page.keyboard.press('Enter');
    await said(page, 'Done');
    await banner(page).getByText('write mode').waitFor();
    assert.equal(await page.getByLabel('Note').inputValue(), 'call back');
    await assertReadable(page);

    await page.getByRole('button', { name: 'Subscribe' }).click();
    await dialog.getByText("Subscribe to the newsletter for alice's account?").waitFor();
    await page.keyboard.press('Escape');
    await said(page, 'Refused: 428');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await dialog.getByRole('button', { name: 'Yes' }).click();
    await said(page, 'Done');
    await page.getByRole('button', { name: 'Subscribed' }).waitFor();

    await page.getByRole('button', { name: 'Pay' }).click();
    await said(page, 'Refused: 403');
    assert.equal(await dialog.count(), 0, 'what is never allowed is not asked about');

    await page.reload();
    await banner(page).getByText('write mode').waitFor();
    await banner(page).getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('heading', { name: 'bob' }).waitFor();
    assert.equal(await banner(page).count(), 0);
    assert.equal((await kept(page)).handle, null);
  });
}

scene('what a page sends while it loads is sent as the customer, by whichever kind of script', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  const asks = "fetch('/api/me', { headers: { Authorization: `Bearer ${sessionStorage.getItem('token')}` } })";
  const shows = ".then((answer) => answer.text()).then((text) => document.querySelector('h1').append(text))";
  for (const [kind, where] of [['', 'body'], ['', 'head'], ['type="module"', 'head']]) {
    const early = `<script ${kind}>${asks}${shows}</script>`;
    const [head, body] = where === 'head' ? [early, ''] : ['', early];
    const component = '<script src="/impersonation/component.js"></script>';
    const html = `<!doctype html><html><head>${component}${head}</head><body><h1></h1>${body}</body></html>`;
    await page.route('**/early', (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto('/early');
    await page.getByRole('heading', { name: '"alice"' }).waitFor();
    await banner(page).getByText('reading only').waitFor();
    assert.equal(await page.locator('vicarious-banner').count(), 1);
    await page.unroute('**/early');
  }
});

scene('a sign-out from within offers to go on as the agent, also while the page asks for itself', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  await page.evaluate(() => {
    window.met = [];
    document.addEventListener('vicarious:changed', () => {
      const headers = { Authorization: `Bearer ${sessionStorage.getItem('token')}` };
      window.met.push(fetch('/api/me', { headers }).then(({ status }) => status));
    });
  });
  assert.equal(await signOut(page), 204);
  assert.deepEqual(await page.evaluate(() => Promise.all(window.met)), [200], 'what was stopped is sent with nothing');
  // Whatever asks for a look, the answer stays the same until somebody has gone on.
  await page.evaluate(() => document.querySelector('vicarious-banner').refresh());
  const goOn = banner(page).getByRole('button', { name: /^Go on as .?bob/ });
  assert.deepEqual([await goOn.count(), await banner(page).getByRole('button').count()], [1, 1]);
  await goOn.click();
  await page.getByRole('heading', { name: 'bob' }).waitFor();
  await banner(page).waitFor({ state: 'hidden' });
});

scene('whoever signs in after a sign-out from within has nothing to do with what that stopped', desktop, async ({ visitor }) => {
  const page = await visitor();
  // Draws the page for whoever signs in with the form, without loading it anew.
  const signInHere = async (who) => {
    await page.evaluate(() => sessionStorage.removeItem('token'));
    await page.evaluate(() => (document.getElementById('sign-in').hidden = false));
    await page.getByLabel('alice or bob').fill(who);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: who, exact: true }).waitFor();
  };
  await signIn(page, 'bob');
  await impersonate(page);
  assert.equal(await signOut(page), 204);
  await banner(page).getByRole('button', { name: /^Go on as .?bob/ }).waitFor();
  assert.equal((await kept(page)).handle, null);

  for (const who of ['bob', 'alice']) {
    await signInHere(who);
    await banner(page).waitFor({ state: 'hidden' });
  }
  await page.getByLabel('Note').fill('her own');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Done');
  await page.reload();
  await page.getByRole('heading', { name: 'alice' }).waitFor();
  assert.equal(await page.getByLabel('Note').inputValue(), 'her own');
});

scene('the mode is switched with the keyboard alone, and the focus is not lost', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  await banner(page).getByRole('button', { name: 'Switch to write' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByLabel('Reason').fill('asked to');
  await page.keyboard.press('Enter');
  const down = banner(page).getByRole('button', { name: 'Back to reading' });
  await down.waitFor();
  assert.ok(await down.evaluate((button) => button === button.getRootNode().activeElement), 'the focus stays in its place');
  await page.keyboard.press('Enter');
  await banner(page).getByText('reading only').waitFor();
});

scene('a mode that was changed elsewhere shows when the page is looked at, and a header makes room for the banner', desktop, async ({ visitor, origin }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  const { status } = await elsewhere(origin, await kept(page), 'PATCH', '/impersonation', { mode: 'write', reason: 'asked to' });
  assert.equal(status, 200);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await banner(page).getByText('write mode').waitFor();
  const height = () => Number.parseInt(document.documentElement.style.getPropertyValue('--vicarious-banner-height'), 10);
  const tall = () => document.querySelector('vicarious-banner').offsetHeight;
  assert.ok((await page.evaluate(tall)) > 40);
  assert.equal(await page.evaluate(height), await page.evaluate(tall));
});

scene('an impersonation that was ended elsewhere is explained, and the page goes on as the agent', desktop, async ({ visitor, origin }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  const { status } = await elsewhere(origin, await kept(page), 'DELETE', '/impersonation');
  assert.equal(status, 200);
  await page.getByRole('button', { name: 'Save' }).click();
  await banner(page).getByText('It was stopped.').waitFor();
  await assertReadable(page);
  await banner(page).getByRole('button', { name: 'Go on as' }).click();
  await page.getByRole('heading', { name: 'bob' }).waitFor();
  assert.equal(await banner(page).count(), 0);
});

scene('a page that is loaded after the end draws nobody, keeps its token, and goes on as the agent', desktop, async ({ visitor, origin }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  const before = await kept(page);
  const { status } = await elsewhere(origin, before, 'DELETE', '/impersonation');
  assert.equal(status, 200);
  await page.reload();
  await said(page, 'Refused: 410');
  await page.getByRole('heading', { name: 'Nobody' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Sign in' }).count(), 0, 'the token still stands');
  assert.deepEqual(await kept(page), before, 'nothing is dropped until somebody has gone on');
  await banner(page).getByRole('button', { name: /^Go on as .?bob/ }).click();
  await page.getByRole('heading', { name: 'bob' }).waitFor();
  assert.deepEqual(await kept(page), { token: before.token, handle: null });
});

scene('a second tab that has the token and not the handle is nobody, and says why', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  const { token } = await kept(page);
  const tab = await page.context().newPage();
  await tab.goto('/');
  await tab.evaluate((token) => sessionStorage.setItem('token', token), token);
  await tab.reload();
  await banner(tab).getByText('no longer knows the impersonation').waitFor();
  assert.equal(await tab.getByRole('heading', { name: 'Nobody' }).count(), 1);
  await said(tab, 'Refused: 410');
  assert.equal(await tab.getByRole('button', { name: 'Sign in' }).count(), 0, 'the token still stands');
});

scene('a token that is over is told from an impersonation that is: the page asks to sign in', desktop, async ({ visitor, origin }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  const headers = { authorization: `Bearer ${(await kept(page)).token}` };
  assert.equal((await fetch(new URL('/api/session', origin), { method: 'DELETE', headers })).status, 204);
  await page.reload();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.equal((await kept(page)).token, null);
});

scene('it speaks German where the page does', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, 'bob', '/de');
  await page.getByRole('button', { name: 'Impersonate' }).click();
  const aside = page.getByRole('region', { name: 'Identitätswechsel' });
  await aside.getByText('noch').waitFor();
  assert.match(await aside.innerText(), /Sie sind .?bob.? und nutzen die Anwendung als .?alice.?[^]*nur lesend[^]*noch/);
  await aside.getByRole('button', { name: 'Beenden' }).click();
  await page.getByRole('heading', { name: 'bob' }).waitFor();
});

scene('what a script sends in other ways has the identity as well, and the handle goes nowhere without its token', desktop, async ({ visitor }) => {
  const page = await visitor();
  await signIn(page, 'bob');
  await impersonate(page);
  const sent = [];
  page.on('request', (request) => sent.push(request));
  await page.evaluate(async () => {
    const token = sessionStorage.getItem('token');
    await fetch('/api/me');
    await fetch('/api/me', { headers: { authorization: `Bearer ${token}` } });
    await fetch('/api/payments', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    await new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open('PUT', '/api/note');
      request.onloadend = done;
      request.send('{}');
    });
  });
  const headers = (wanted) =>
    Promise.all(sent.filter((request) => new URL(request.url()).pathname === wanted).map((request) => request.allHeaders()));
  assert.deepEqual((await headers('/api/me')).map((found) => Boolean(found['impersonation-handle'])), [false, true]);
  const [payment] = await headers('/api/payments');
  assert.deepEqual([payment.accept, payment.identity.length], ['*/*, application/problem+json', 32]);
  assert.match((await headers('/api/note'))[0].identity, /^[0-9a-f]{32}$/);
  await page.reload();
  await banner(page).getByText('reading only').waitFor();
});
