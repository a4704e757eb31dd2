// Keeps an open page true: listens over a socket to what has changed, and asks for the page again. Every page works
// without it; where sockets are blocked, it asks now and then instead.
(() => {
  "use strict";
  const body = document.body;
  if (!body.matches("[data-live], .vc") || !("WebSocket" in window)) return;
  const shadowed = body.classList.contains("as-customer");
  const identifier = JSON.stringify({ channel: "LiveChannel" });
  const STALE = 7000, ASK_EVERY = 30000;
  let attempts = 0, heard = 0, welcomed = false, over = false, asking = 0, socket;

  function connect() {
    let closed = false;
    heard = Date.now();
    // As whoever this page was served to, or not at all.
    const page = body.dataset.live ? `?identity=${encodeURIComponent(body.dataset.live)}` : "";
    socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/cable${page}`, ["actioncable-v1-json", "actioncable-unsupported"]);
    socket.onmessage = ({ data }) => {
      heard = Date.now();
      const frame = JSON.parse(data);
      if (frame.type === "welcome") {
        // What happened between the connections was not heard.
        if (attempts > 0 || welcomed) refresh();
        welcomed = true;
        attempts = 0;
        clearInterval(asking);
        asking = 0;
        socket.send(JSON.stringify({ command: "subscribe", identifier }));
      } else if (frame.type === "disconnect") {
        if (!frame.reconnect) end(frame.reason);
      } else if (frame.identifier === identifier && frame.message) {
        changed(frame.message);
      }
    };
    socket.onclose = () => {
      if (closed || over) return;
      closed = true;
      attempts += 1;
      if (attempts > 2 && !asking && !shadowed) asking = setInterval(() => document.hidden || refresh(), ASK_EVERY);
      // Spread, so that a server that comes back is not met by everybody at once.
      setTimeout(connect, Math.min(30000, 1000 * 2 ** Math.min(attempts, 5)) * (0.5 + Math.random()));
    };
  }
  setInterval(() => {
    if (socket && socket.readyState < 2 && Date.now() - heard > STALE) socket.close();
  }, 1000);
  connect();

  function changed({ changed, say }) {
    // Asking for the page again is a visit; an agent decides about those.
    if (shadowed) toast(say || "Something on this page has changed.", true);
    else refresh().then((whole) => {
      // The bar itself says who has come in.
      const shown = changed === "inside" && document.querySelector(".inside-bar");
      if ((say && !shown) || !whole) toast(say || "This page has changed.", !whole);
    });
  }

  // Asks for this page again and puts in what is new. False where something typed would be lost.
  let under = null, again = false;
  function refresh() {
    if (over || shadowed) return Promise.resolve(true);
    if (under) {
      again = true;
      return under;
    }
    under = load().catch(() => true).finally(() => {
      under = null;
      if (again) {
        again = false;
        refresh();
      }
    });
    return under;
  }

  async function load() {
    const answer = await fetch(location.href.split("#")[0], { headers: { accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return true;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (fresh.body.className !== body.className) return true;
    let whole = true;
    for (const id of ["inside", "rooms", "content"]) {
      const [now, then] = [document.getElementById(id), fresh.getElementById(id)];
      if (!now || !then || now.innerHTML === then.innerHTML) continue;
      if (typed(now)) whole = false;
      else swap(now, then);
    }
    dispatchEvent(new CustomEvent("live:swapped"));
    return whole;
  }

  const typed = (part) => [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some((field) =>
    field === document.activeElement || (field.options ? [...field.options].some((option) => option.selected !== option.defaultSelected)
      : field.value !== field.defaultValue || field.checked !== field.defaultChecked));

  function swap(now, then) {
    const open = [...now.querySelectorAll("details")].map((details) => details.open);
    const focusable = "a, button, summary";
    const at = [...now.querySelectorAll(focusable)].indexOf(document.activeElement);
    const label = at >= 0 && document.activeElement.textContent;
    now.replaceChildren(...then.childNodes);
    now.querySelectorAll("details").forEach((details, nth) => { details.open = open[nth] || details.open; });
    if (at < 0) return;
    const all = [...now.querySelectorAll(focusable)];
    (all[at] && all[at].textContent === label ? all[at] : all.find((one) => one.textContent === label) || now).focus({ preventScroll: true });
  }

  // The identity of this page is over: it says so, keeps what was typed, and sends nothing any more.
  const WORDS = {
    impersonation_ended: ["This impersonation has ended.", "Go on", "/"],
    identity_changed: ["You act as somebody else in this browser now. This page was opened before that.", "Reload", location.href],
    signed_out: ["You have been signed out.", "Sign in", "/session/new"],
    unauthorized: ["You are not signed in any more.", "Sign in", "/session/new"],
  };
  async function end(reason) {
    if (over) return;
    over = true;
    clearInterval(asking);
    const [sentence, label, href] = WORDS[reason] || WORDS.identity_changed;
    document.dispatchEvent(new CustomEvent("vicarious:ended", { detail: { reason } }));
    const bar = document.createElement("div");
    bar.className = "over-bar";
    bar.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = `${sentence} Nothing on this page can be sent; what you typed is still here.`;
    const link = document.createElement("a");
    [link.href, link.textContent] = [href, label];
    bar.append(text, link);
    body.prepend(bar);
    document.addEventListener("submit", (event) => {
      if (event.target.querySelector(".vicarious-stop")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      bar.scrollIntoView({ block: "nearest" });
      link.focus();
    }, true);
    if (reason !== "impersonation_ended") return;
    // Why, in the words of the server.
    const answer = await fetch(location.pathname, { headers: { accept: "application/json" } }).catch(() => null);
    const problem = answer && !answer.ok ? await answer.json().catch(() => null) : null;
    if (problem && problem.detail) text.textContent = `${problem.detail} Nothing on this page can be sent; what you typed is still here.`;
  }

  let shelf;
  function toast(say, reload) {
    if (!shelf) {
      shelf = document.createElement("div");
      shelf.className = "toasts";
      shelf.setAttribute("role", "status");
      body.append(shelf);
    }
    const note = document.createElement("p");
    note.textContent = say;
    if (reload) {
      const link = document.createElement("a");
      [link.href, link.textContent] = [location.href.split("#")[0], "Reload"];
      note.append(" ", link);
    }
    shelf.replaceChildren(note);
    if (!reload) setTimeout(() => note.remove(), 8000);
  }
})();
