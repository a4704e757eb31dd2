// Keeps an open page true: news, orders, who is in the account. Every page works without this file.
"use strict";
(() => {
  const page = document.currentScript.dataset;
  const isStaff = page.staff !== "no";
  const isShadowed = Boolean(page.shadower);
  const root = document.documentElement;
  let isOver = false;

  // --- The language: that of Vicarious' own words on this page ---

  const german = {
    Dismiss: "Schließen",
    Look: "Ansehen",
    Reload: "Neu laden",
    "Sign in": "Anmelden",
    "{name} agreed": "{name} hat zugestimmt",
    "{name} declined": "{name} hat abgelehnt",
    "{name} withdrew the consent": "{name} hat die Zustimmung zurückgezogen",
    "{name} says that they never agreed": "{name} sagt, nie zugestimmt zu haben",
    "Go on as {agent}": "Weiter als {agent}",
    "You are no longer using the shop as {customer}. {why} Nothing can be sent from this page any more; what you typed is still here to be copied.":
      "Sie nutzen den Laden nicht mehr als {customer}. {why} Von dieser Seite kann nichts mehr gesendet werden; was Sie getippt haben, steht noch da und lässt sich kopieren.",
    "It was stopped in another window.": "Der Zugriff wurde in einem anderen Fenster beendet.",
    "It was stopped.": "Der Zugriff wurde beendet.",
    "Its time was up.": "Die Zeit ist abgelaufen.",
    "Nothing was done in it for too long.": "Zu lange geschah nichts.",
    "It was ended by the customer, by an administrator, or by you from elsewhere.":
      "Der Kunde, die Verwaltung oder Sie selbst von anderswo haben den Zugriff beendet.",
    "The sign-in that started it is over.": "Die Anmeldung, mit der er begann, ist zu Ende.",
    "You may no longer use this customer's account.": "Sie dürfen das Konto dieses Kunden nicht mehr nutzen.",
    "One of the two accounts is gone or disabled.": "Eines der beiden Konten ist gelöscht oder gesperrt.",
    "Consent was withdrawn.": "Die Zustimmung wurde zurückgezogen.",
    "An administrator paused all impersonation.": "Die Verwaltung hat alle Zugriffe angehalten.",
    "You went on to another customer.": "Sie sind zu einem anderen Kunden gewechselt.",
    "It was continued in a new one.": "Der Zugriff wurde in einem neuen Zeitraum fortgesetzt.",
    "This browser no longer knows the impersonation that you started in it.": "Dieser Browser kennt den Zugriff nicht mehr, den Sie in ihm begonnen haben.",
    "What was open in this browser does not belong to your present sign-in. That happens after signing in again, for example.":
      "Was in diesem Browser offen war, gehört nicht zu Ihrer jetzigen Anmeldung. Das geschieht zum Beispiel, wenn man sich neu angemeldet hat.",
    "This page was opened as {customer}": "Diese Seite wurde als {customer} geöffnet",
    "This page was opened as {agent}, as {customer}": "Diese Seite wurde von {agent} als {customer} geöffnet",
    ", but {what}. Nothing can be sent from here; what you typed is still here.": ", aber {what}. Von hier kann nichts gesendet werden; was Sie getippt haben, steht noch da.",
    "an impersonation has ended in this browser": "in diesem Browser ist ein Zugriff zu Ende gegangen",
    "nobody is signed in now": "jetzt ist niemand angemeldet",
    "you are now {name}": "Sie sind jetzt {name}",
    "you are now using the shop as {name}": "Sie nutzen den Laden jetzt als {name}",
  };

  // An English page of the shop has a banner in the reader's language.
  const language = () => document.getElementById("vicarious-banner")?.lang || root.lang;
  const say = (english, values = {}) =>
    ((language().startsWith("de") && german[english]) || english).replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // --- The page ---

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const part = (name) => document.querySelector(`[data-live="${name}"]`);
  const here = () => location.href.split("#")[0];
  const json = async (path) => (await fetch(path, { headers: { accept: "application/json" } })).json();
  // Who cannot be reached now will be asked again.
  const quietly = (promise) => void promise.catch(() => {});
  const isTyped = (field) => field.type !== "hidden" && field.value !== field.defaultValue;

  // What is put in here is read out, too.
  const toasts = make("div", { className: "toasts", role: "status" });
  document.body.append(toasts);

  function toast(text, href) {
    const dismiss = { type: "button", className: "plain", ariaLabel: say("Dismiss"), onclick: () => box.remove() };
    const box = make("div", { className: "toast", lang: language() }, make("p", {}, text), href ? make("a", { href }, say("Look")) : "", make("button", dismiss, "×"));
    const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 3000) : box.remove());
    setTimeout(leave, 12000);
    toasts.append(box);
  }

  // By what somebody finds their place again after it was redrawn.
  const trace = (element) => [element.form?.action, element.href, element.textContent].join();

  function swap(old, fresh) {
    if (old.innerHTML === fresh.innerHTML || [...old.querySelectorAll("input, textarea")].some(isTyped)) return;
    const focused = old.contains(document.activeElement) && trace(document.activeElement);
    old.replaceChildren(...fresh.childNodes);
    Object.assign(old.dataset, fresh.dataset);
    old.hidden = fresh.hidden;
    if (!focused) return;
    old.tabIndex = -1;
    ([...old.querySelectorAll("a, button, summary")].find((element) => trace(element) === focused) ?? old).focus();
  }

  // Fetches this page and redraws what may change. An agent's page of a customer never does: it would be on record as a
  // look, and keep the impersonation from idling out.
  let soon = 0;
  function refresh() {
    if (isShadowed || isOver || soon) return;
    soon = setTimeout(() => quietly(redraw()), 100);
  }

  async function redraw() {
    soon = 0;
    if (isStaff && !(await isStillMine())) return;
    const answer = await fetch(here(), { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const found = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
      if (found) swap(old, found);
    }
  }

  function unread(count) {
    const badge = part("unread");
    if (badge && count >= 0) {
      badge.hidden = !count;
      badge.firstChild.textContent = badge.dataset.count = count;
    }
    if (part("news")) refresh();
  }

  function moved({ id, state }) {
    for (const tag of document.querySelectorAll(`[data-order="${CSS.escape(id)}"]`)) {
      tag.textContent = state;
      tag.className = `tag ${state.replaceAll(" ", "-")}`;
    }
  }

  // --- Whose page this is ---

  // Asking this leaves no trace, and does not count as being active.
  const running = () => json("/impersonation");

  async function isStillMine() {
    const { impersonation, cause } = await running();
    if (!cause && impersonation?.id === page.impersonation) return true;
    quietly(over());
    return false;
  }

  // Nothing can be sent from this page any more, but what was typed stays.
  async function over() {
    if (isOver) return;
    isOver = true;
    for (const button of document.querySelectorAll("form:not([action='/impersonation']) button:enabled")) button.disabled = button.dataset.over = true;
    const { impersonation, detail } = await running().catch(() => ({}));
    if (isShadowed && !impersonation) {
      const why = say(detail ?? "It was stopped in another window.");
      const text = say("You are no longer using the shop as {customer}. {why} Nothing can be sent from this page any more; what you typed is still here to be copied.", { customer: page.whose, why });
      const ended = { detail: { text, stop: say("Go on as {agent}", { agent: page.shadower }) } };
      return document.getElementById("vicarious-banner")?.dispatchEvent(new CustomEvent("vicarious:ended", ended));
    }
    await tellWhose();
  }

  async function tellWhose(again = 2) {
    // Somebody has to look at it: for whoever impersonates meanwhile the question is on record.
    if (document.hidden) return;
    const { current_user: now, true_user: self, status } = await json("/whoami");
    if (now?.id === page.whoseId && now.id === self.id && !isShadowed) return back();
    // Between a start and its cookie nobody can be told who it is; a moment later the cookie is there.
    if (status && again > 0) setTimeout(() => isOver && quietly(tellWhose(again - 1)), 700);
    const who = status ? "an impersonation has ended in this browser" : !now ? "nobody is signed in now" : now.id === self.id ? "you are now {name}" : "you are now using the shop as {name}";
    const whose = isShadowed ? "This page was opened as {agent}, as {customer}" : "This page was opened as {customer}";
    const opened = make("strong", {}, say(whose, { agent: page.shadower, customer: page.whose }));
    const way = make("a", { className: "button", href: now || status ? here() : "/session/new" }, say(now || status ? "Reload" : "Sign in"));
    part("whose")?.remove();
    const bar = make("aside", { className: "stale", role: "alert", lang: language() }, make("p", {}, opened, say(", but {what}. Nothing can be sent from here; what you typed is still here.", { what: say(who, now ?? {}) })), way);
    bar.dataset.live = "whose";
    document.body.prepend(bar);
  }

  // The person whose page this is has come back.
  function back() {
    isOver = false;
    part("whose")?.remove();
    for (const button of document.querySelectorAll("[data-over]")) button.disabled = false;
    connect();
    refresh();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (isOver && form.getAttribute("action") !== "/impersonation") event.preventDefault();
    if (form.method === "get") return;
    // A second click on a button that is already at work does nothing.
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    // A page that comes back from the browser's memory is a fresh one.
    addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
  });

  // --- The connection: actioncable-v1-json ---

  const own = { no: ["NotificationsChannel", "SupportChannel"], agent: ["SupportChannel"], administrator: ["SupportChannel", "StaffChannel"] };
  const channels = isShadowed ? ["NotificationsChannel"] : own[page.staff];
  let socket = null;
  let heard = 0;
  let tries = 0;
  let later = 0;

  const told = {
    notification({ notification, unread: count, order }) {
      unread(count);
      if (order) moved(order);
      toast(notification.title, location.pathname === "/notifications" ? "" : "/notifications");
    },
    read: (message) => unread(message.unread),
    // What was missed shows in the numbers.
    state: ({ counts }) => Object.entries(counts).some(([name, count]) => part(name) && part(name).dataset.count != count) && refresh(),
    decision({ name, did, account }) {
      // The start page shows it where it stands, and only has to be heard.
      if (part("start")) toasts.style.cssText = "position: absolute; clip-path: inset(50%)";
      toast(say(`{name} ${did}`, { name }), `/impersonation/new?account=${encodeURIComponent(account)}`);
      refresh();
    },
    visitors: refresh,
    consents: refresh,
    changed: refresh,
  };

  function connect() {
    clearTimeout(later);
    // The page says whose it is, so that it never comes back as somebody else.
    const identity = document.getElementById("vicarious-banner")?.dataset.tag ?? `own:${page.whoseId}`;
    const address = `${location.origin.replace("http", "ws")}/cable?identity=${encodeURIComponent(identity)}`;
    const mine = (socket = new WebSocket(address, ["actioncable-v1-json", "actioncable-unsupported"]));
    let confirmed = 0;
    heard = Date.now();
    mine.onclose = () => mine === socket && lost();
    mine.onmessage = ({ data }) => {
      heard = Date.now();
      const { type, reconnect, message } = JSON.parse(data);
      if (type === "welcome") {
        for (const channel of channels) mine.send(JSON.stringify({ command: "subscribe", identifier: JSON.stringify({ channel }) }));
      } else if (type === "confirm_subscription" && ++confirmed === channels.length) {
        root.dataset.connected = "yes";
        if (tries) refresh();
        tries = 0;
      } else if (type === "disconnect") {
        if (!reconnect) quietly(over());
        mine.close();
      } else if (!type) {
        told[message?.type]?.(message);
      }
    };
  }

  function lost() {
    socket = null;
    delete root.dataset.connected;
    tries += 1;
    // Each connection of a shadower is on record, so a page that nobody looks at does not try for ever.
    if (isOver || (isShadowed && tries > 8)) return;
    later = setTimeout(connect, Math.min(30000, 500 * 2 ** tries) * (0.5 + Math.random() / 2));
  }

  // Servers ping every three seconds. Where sockets are blocked, pages ask now and then.
  let asked = Date.now();
  setInterval(() => {
    if (isOver || document.hidden || !page.whose) return;
    if (socket && Date.now() - heard > 7000) {
      socket.close();
      lost();
    }
    if (Date.now() - asked < (root.dataset.connected ? 60000 : 15000)) return;
    asked = Date.now();
    if (!root.dataset.connected && isShadowed) quietly(isStillMine());
    else if (!root.dataset.connected || part("running")) refresh();
  }, 1000);

  for (const event of ["online", "visibilitychange"]) {
    addEventListener(event, () => {
      if (document.hidden || !page.whose) return;
      if (isOver) return isShadowed || quietly(tellWhose());
      if (!socket) connect();
    });
  }
  if (page.whose) connect();

  // --- Pleasantness ---

  // "/" moves to the search field, as people expect of a site with one.
  document.addEventListener("keydown", (event) => {
    const field = document.querySelector("input[type=search]");
    const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || !field || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  // Times of day in the reader's own zone; without this they are in UTC, and say so.
  for (const time of document.querySelectorAll("time[data-moment]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = at.toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  }
})();
