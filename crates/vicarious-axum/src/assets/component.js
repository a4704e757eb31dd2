// <vicarious-banner>: for pages that draw themselves. Says who acts as whom, and lets no request of the page pass for
// anybody else's. What it does for whom is in docs/single-page.md.
(() => {
  "use strict";
  const script = document.currentScript.src;
  const site = new URL(script).origin;
  const own = `${site}/impersonation`;
  const kept = "vicarious-handle";
  const carries = "Impersonation-Handle";
  const send = window.fetch.bind(window);
  const find = (selector) => document.querySelector(selector);
  // Not there yet in the head.
  let served = find("#vicarious-banner");

  const texts = {
    name: "Impersonation",
    who: "You are {agent}, using the application as {customer} ({email})",
    read: "reading only",
    write: "write mode",
    left: "{time} left",
    stop: "Stop",
    up: "Switch to write",
    down: "Back to reading",
    reason: "Reason",
    yes: "Yes",
    no: "Cancel",
    ok: "Close",
    again: "Now press it again.",
    on: "Go on as {agent}",
    changed: "This page was opened as somebody else. What you typed is still here.",
    reload: "Reload",
  };

  const css = `
    :host { all: initial; display: block !important; position: sticky; top: 0; z-index: 2147483647; color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif }
    aside { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; padding: 6px 12px; background: light-dark(#fde68a, #422006); color: light-dark(#2a1a02, #fef3c7); border-bottom: 3px solid light-dark(#b45309, #f59e0b) }
    aside.write { background: light-dark(#b91c1c, #7f1d1d); color: #fff }
    p { margin: 0; flex: 1 1 20em; overflow-wrap: anywhere }
    form, label { display: grid; gap: 8px; width: 24em; max-width: 100% }
    button, input { font: inherit; min-height: 44px; padding: 0 14px; border: 1px solid; border-radius: 8px }
    button { background: none; color: inherit; font-weight: 600; cursor: pointer }
    :focus-visible { outline: 3px solid; outline-offset: 2px }
    #left { font-variant-numeric: tabular-nums }
    #heard { position: absolute; clip-path: inset(50%) }`;

  // Who hears something here looks.
  const tabs = new BroadcastChannel("vicarious");
  let root = null;
  let state = {};
  let drawn = "";
  // Whose this page is: nothing if unknown, empty for people as themselves.
  let tag = served?.dataset.tag;
  let handle = sessionStorage.getItem(kept);
  // What a sign-out has stopped is asked about, and not sent.
  let past = null;
  let authorization = null;
  let behind = 0;
  let before = 0;
  let asking = null;
  let next = null;
  // What was said yes to, and is to be sent again.
  let agreed = null;

  const part = (id) => root.getElementById(id);
  const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name] ?? "");
  const make = (kind, properties, ...children) => {
    const made = Object.assign(document.createElement(kind), properties);
    made.append(...children.filter(Boolean));
    return made;
  };

  // --- What the page sends ---

  const isSafe = (method) => /^(GET|HEAD|OPTIONS)$/i.test(method);
  const isOurs = (url) => new URL(url, document.baseURI).origin === site;
  const keep = (given) => (handle = given) ? sessionStorage.setItem(kept, given) : sessionStorage.removeItem(kept);

  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!isOurs(request.url)) return send(request);
    const was = authorization;
    authorization = request.headers.get("Authorization") ?? was;
    if (was && was !== authorization && !handle) {
      tag = past = null;
      refresh();
    }
    // A handle without its sign-in would end the impersonation.
    if (handle && request.headers.has("Authorization")) request.headers.set(carries, handle);
    if (handle && tag == null && !isSafe(request.method)) await refresh();
    if (!tag || isSafe(request.method)) return notice(request, await send(request));
    request.headers.set("Identity", tag);
    // A refusal is read here.
    const takes = request.headers.get("Accept") ?? "*/*";
    request.headers.set("Accept", `${takes}, application/problem+json`);
    const again = request.clone();
    const answer = await send(request);
    return /403|428/.test(answer.status) ? settle(again, answer) : notice(request, answer);
  };

  // The page reads the answer, too.
  const read = async (answer) => (await answer.clone().json().catch(() => null)) ?? {};

  const { open, send: go, setRequestHeader: set } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (...asked) {
    this.asked = asked;
    this.takes = "*/*, ";
    return open.apply(this, asked);
  };
  XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
    if (/^accept$/i.test(name)) this.takes = "";
    return set.call(this, name, value);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const [method, url] = this.asked;
    if (isOurs(url)) {
      const isRefusable = tag && !isSafe(method);
      const what = `${method} ${url} ${body}`;
      if (isRefusable) {
        set.call(this, "Identity", tag);
        set.call(this, "Accept", `${this.takes}application/problem+json`);
        if (what === agreed?.what) {
          set.call(this, "Confirmation", agreed.confirmation);
          agreed = null;
        }
      }
      this.addEventListener("load", () => {
        if (/409|410/.test(this.status)) refresh();
        else if (isRefusable && /403|428/.test(this.status)) explain(what, this);
      });
    }
    return go.call(this, body);
  };

  // Only the page can send it again, so people are asked to.
  async function explain(what, { response }) {
    try {
      const { type, detail, needed, question, confirmation } = typeof response === "string" ? JSON.parse(response) : response;
      if (!/^urn:vicarious:/.test(type)) return;
      if (confirmation) {
        if ((await ask(question)) === null) return;
        agreed = { what, confirmation };
      } else if (!/:read-only$/.test(type)) return void ask(detail, null, false);
      else if (!(await change("write", needed))) return;
      ask(texts.again, null, false);
    } catch {
      // No problem of ours.
    }
  }

  async function notice({ method, url }, answer) {
    const said = answer.headers.get("Impersonation");
    const { id, mode } = state.impersonation ?? {};
    // A sign-out was a stop.
    if (/ended$/.test(said)) {
      past = handle;
      keep();
    }
    if (url === own && answer.ok && !isSafe(method)) {
      const told = await read(answer);
      keep(told.handle ?? (told.impersonation && handle));
      tag = past = null;
      await refresh();
    } else if (/409|410/.test(answer.status) || (said && !said.startsWith(`id=${id}, mode=${mode},`))) await refresh();
    return answer;
  }

  // Asks what a refusal asks, and sends the request again if the answer is yes.
  async function settle(again, answer) {
    const { type, needed, question, confirmation } = await read(answer);
    if (confirmation && (await ask(question)) !== null) again.headers.set("Confirmation", confirmation);
    else if (!/:read-only$/.test(type) || !(await change("write", needed))) return answer;
    return fetch(again);
  }

  // --- What it asks the server ---

  const headers = (more) => new Headers({ Accept: "application/json", ...(authorization && { Authorization: authorization }), ...more });
  const tell = (method, body) => fetch(own, { method, body, headers: headers({ "Content-Type": "application/json" }), credentials: "include" });

  async function change(mode, needed = "") {
    const reason = mode === "read" ? "" : await ask(`${needed} ${texts.up}?`, state.impersonation?.reason ?? "");
    return reason !== null && (await tell("PATCH", JSON.stringify({ mode, reason }))).ok;
  }

  async function stop() {
    const answer = await tell("DELETE");
    if (!answer.ok) return;
    const detail = await answer.json();
    if (say("vicarious:stopped", detail)) location.assign(detail.location);
  }

  // Asking leaves no trace, and is no activity. Who asks meanwhile may know more, so it is asked once more.
  const refresh = () =>
    asking ? (next ??= asking.then(() => ((next = null), refresh()))) : (asking = look().catch(() => {}).finally(() => (asking = null)));

  async function look() {
    const by = past ?? handle;
    if (by && !authorization) return;
    const answer = await send(own, { headers: headers(by && { [carries]: by }), credentials: "include", cache: "no-store" });
    if (!answer.ok) return;
    state = await answer.json();
    behind = Date.parse(state.now) - Date.now();
    if (!state.cause) tag ??= state.identity ?? "";
    draw();
  }

  const again = () => !served && tag && refresh();
  tabs.onmessage = again;
  addEventListener("focus", again);

  // --- What people see and hear ---

  const say = (name, detail) => root.host.dispatchEvent(new CustomEvent(name, { detail, cancelable: true, bubbles: true }));

  function ask(question, reason, isQuestion = true) {
    const field = reason != null && make("input", { value: reason, required: true });
    const yes = make("button", { value: "yes" }, texts.yes);
    const no = make("button", { formNoValidate: true }, isQuestion ? texts.no : texts.ok);
    const asked = field && make("label", {}, texts.reason, field);
    const out = make("button", { onclick: stop }, texts.stop);
    const dialog = make("dialog", { ariaLabel: question }, make("form", { method: "dialog" }, make("p", {}, question), asked, isQuestion && yes, no, isQuestion && out));
    root.append(dialog);
    dialog.showModal();
    return new Promise((done) => {
      dialog.onclose = () => {
        dialog.remove();
        done(dialog.returnValue ? field.value ?? "" : null);
      };
    });
  }

  function draw() {
    const { impersonation: runs, cause, detail, identity, true_user: agent, current_user: customer } = state;
    const now = JSON.stringify([tag, identity, cause, runs?.mode_ends_at]);
    if (!root || now === drawn) return;
    if (drawn) tabs.postMessage({});
    drawn = now;
    say("vicarious:changed", state);
    // No name turns the rest around.
    const apart = (text) => text && `\u2068${text}\u2069`;
    const names = { agent: apart(agent?.name), customer: apart(customer?.name), email: customer?.email };
    const isOther = !cause && tag !== (identity ?? "");
    const over = isOther ? texts.changed : cause && (texts[cause] ?? detail);
    // The document's own banner says it, and keeps what was typed.
    if (served) return over && served.dispatchEvent(new CustomEvent("vicarious:ended", { detail: { text: over, stop: cause && fill(texts.on, names) } }));
    const alert = (text) => make("p", { role: "alert" }, text);
    const button = (text, onclick) => make("button", { onclick }, fill(text, names));
    const strong = (text) => make("strong", {}, text);
    const shown = cause ? [alert(over), button(texts.on, stop)]
      : isOther ? [alert(over), button(texts.reload, () => location.reload())]
      : runs ? [
        make("p", {}, strong(fill(texts.who, names)), " · ", strong(texts[runs.mode]), ` · ${runs.ticket ?? ""} ${apart(runs.reason)}`),
        make("span", { id: "left", role: "timer" }),
        runs.mode === "read" ? button(texts.up, () => change("write")) : button(texts.down, () => change("read")),
        button(texts.stop, stop),
      ] : [];
    const focused = [...root.querySelectorAll("button")].indexOf(root.activeElement);
    const bar = make("aside", { role: "region", className: runs?.mode ?? "", ariaLabel: texts.name }, ...shown);
    root.querySelector("aside")?.remove();
    if (shown.length) root.prepend(bar);
    root.querySelectorAll("button")[focused]?.focus();
    part("heard").textContent = texts[runs?.mode] ?? "";
    tick();
  }

  function tick() {
    const runs = state.impersonation;
    if (!runs) return;
    const until = (at) => Math.ceil((Date.parse(at) - Date.now() - behind) / 1000);
    const left = Math.max(0, until(runs.ends_at));
    const text = fill(texts.left, { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, 0)}` });
    if (part("left")) part("left").textContent = text;
    if ([300, 60].some((mark) => before > mark && left <= mark)) part("heard").textContent = text;
    before = left;
    if ([runs.ends_at, runs.idle_ends_at, runs.mode_ends_at].some((at) => until(at) <= 0)) refresh();
  }

  customElements.define("vicarious-banner", class extends HTMLElement {
    async connectedCallback() {
      if (root) return;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      root.append(make("p", { id: "heard", role: "status" }));
      const speaks = this.closest("[lang]")?.lang.slice(0, 2);
      const strings = this.dataset.strings ?? (speaks === "de" && script.replace(/js$/, "de.json"));
      if (strings) Object.assign(texts, await send(strings).then((found) => found.json(), () => ({})));
      Object.assign(texts, this.dataset);
      await refresh();
      setInterval(tick, 1000);
      const { style } = document.documentElement;
      if (!served) new ResizeObserver(() => style.setProperty("--vicarious-banner-height", `${this.offsetHeight}px`)).observe(this);
    }

    refresh() {
      return refresh();
    }
  });

  addEventListener("DOMContentLoaded", () => {
    served = find("#vicarious-banner");
    tag ??= served?.dataset.tag;
    find("vicarious-banner") ?? document.body.prepend(make("vicarious-banner"));
  });
})();
