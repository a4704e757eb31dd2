// The whole application. It knows nothing of impersonation but how one begins.
"use strict";

const part = (id) => document.getElementById(id);
const say = (text) => (part("said").textContent = text);
const token = () => sessionStorage.getItem("token");

async function ask(path, method = "GET", body = undefined) {
  const headers = { "Content-Type": "application/json" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw Object.assign(new Error(`${answer.status}`), { status: answer.status });
  return text && answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : text;
}

/** Returns who this page is for. A 401 says that the token is over; anything else, such as a 410, says nothing of that. */
async function whoever() {
  if (!token()) return null;
  return ask("/api/me").catch((refused) => {
    if (refused.status === 401) sessionStorage.removeItem("token");
    else say(`Refused: ${refused.message}`);
    return null;
  });
}

async function draw() {
  const me = await whoever();
  part("who").textContent = me ? me.name : "Nobody";
  part("sign-in").hidden = Boolean(token());
  part("impersonate").hidden = !me?.support;
  for (const id of ["note", "newsletter", "payments"]) part(id).hidden = !me || me.support;
  if (!me) return;
  part("note").elements.note.value = me.note;
  part("newsletter").firstElementChild.textContent = me.subscribed ? "Subscribed" : "Subscribe";
}

function on(id, event, what) {
  part(id).addEventListener(event, async (happened) => {
    happened.preventDefault();
    const fields = happened.target instanceof HTMLFormElement ? Object.fromEntries(new FormData(happened.target)) : {};
    try {
      say((await what(fields)) || "Done");
      await draw();
    } catch (refused) {
      say(`Refused: ${refused.message}`);
    }
  });
}

on("sign-in", "submit", async (fields) => sessionStorage.setItem("token", (await ask("/api/session", "POST", fields)).token));
on("impersonate", "submit", async (fields) => void (await ask("/impersonation", "POST", fields)));
on("note", "submit", (fields) => ask("/api/note", "PUT", fields));
on("newsletter", "click", () => ask("/api/newsletter", "PATCH", {}));
on("payments", "click", () => ask("/api/payments", "POST", {}));
draw();
