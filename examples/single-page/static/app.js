// Everything that can be seen is drawn here, from the JSON of the API.
const main = document.getElementById('main');
const who = document.getElementById('who');

/** Asks the API, with the token of whoever is signed in. */
async function ask(method, path, data) {
  const headers = { accept: 'application/json' };
  const token = sessionStorage.getItem('token');
  if (token) headers.authorization = `Bearer ${token}`;
  if (data) headers['content-type'] = 'application/json';
  const answer = await fetch(path, { method, headers, body: data && JSON.stringify(data) });
  const body = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.error ?? body.detail ?? body.title), { status: answer.status });
  return body;
}

/** Returns an element; texts are never read as markup. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Returns a button that does something, and draws everything anew. */
function button(text, act) {
  const failed = (error) => main.prepend(element('p', { role: 'alert' }, error.message));
  const onclick = () => act().then(draw).catch(failed);
  return element('button', { type: 'button', onclick }, text);
}

function signIn() {
  const email = element('input', { type: 'email', autocomplete: 'username' });
  const password = element('input', { type: 'password', autocomplete: 'current-password' });
  const send = button('Sign in', async () => {
    const { token } = await ask('POST', '/api/session', { email: email.value, password: password.value });
    sessionStorage.setItem('token', token);
  });
  const fields = [element('label', {}, 'Email ', email), element('label', {}, 'Password ', password)];
  main.replaceChildren(element('h1', {}, 'Sign in'), ...fields, send);
}

async function bookings() {
  const lines = (await ask('GET', '/api/bookings')).map(({ id, tour, is_paid: isPaid }) => {
    const pay = button('Pay', () => ask('POST', `/api/bookings/${id}/payment`));
    return element('li', {}, `${tour} `, isPaid ? 'is paid' : pay);
  });
  return [element('h1', {}, 'Your walks'), element('ul', {}, ...lines)];
}

function profile(me) {
  const name = element('input', { value: me.name });
  const save = button('Save', () => ask('PATCH', '/api/me', { name: name.value }));
  return [element('h2', {}, 'Profile'), element('label', {}, 'Name ', name), save];
}

async function customers() {
  const lines = (await ask('GET', '/api/customers')).map((customer) => {
    return element('li', { id: `customer-${customer.id}` }, `${customer.name}, ${customer.email} `);
  });
  return [element('h1', {}, 'Customers'), element('ul', {}, ...lines)];
}

async function draw() {
  const me = await ask('GET', '/api/me').catch((error) => {
    if (error.status !== 401) throw error;
    sessionStorage.removeItem('token');
    return null;
  });
  who.replaceChildren();
  if (!me) return signIn();
  who.append(`${me.email} `, button('Sign out', () => ask('DELETE', '/api/session')));
  main.replaceChildren(...(me.is_support ? await customers() : [...(await bookings()), ...profile(me)]));
}

await draw();
