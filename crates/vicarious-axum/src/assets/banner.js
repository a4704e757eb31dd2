// Keeps the impersonation banner going: counts down, offers to continue, changes the mode without a new page, follows what
// is changed elsewhere, and tells the other tabs. The banner is complete without it. On a page without a banner
// (`data-identity` on the script's own tag), it only tells and listens.
(() => {
  "use strict";
  const banner = document.getElementById("vicarious-banner");
  const self = (banner || document.currentScript || document.body).dataset;
  const part = (name) => banner && banner.querySelector(`[data-vicarious="${name}"]`);
  const show = (name) => { const found = part(name); if (found) found.hidden = false; };

  // Other tabs. `tag` is empty for people who act as themselves.
  const tag = self.tag || "";
  let idleEndsAt = Date.parse(self.idleEndsAt);
  let modeEndsAt = Date.parse(self.modeEndsAt);
  const channel = "BroadcastChannel" in window && self.identity ? new BroadcastChannel("vicarious") : null;
  const tell = (tag, identity) => channel && channel.postMessage({ tag, identity, idleEndsAt, modeEndsAt });

  const changed = (identity) => {
    const now = part("now");
    if (now) {
      now.textContent = identity;
      show("changed");
      say(part("changed").textContent);
    } else if (!document.getElementById("vicarious-changed")) {
      const notice = document.createElement("p");
      notice.id = "vicarious-changed";
      notice.setAttribute("role", "alert");
      notice.append(`You are now ${identity}, but this tab was opened before. `);
      const link = document.createElement("a");
      link.href = address();
      link.textContent = "Reload";
      notice.append(link);
      document.body.prepend(notice);
    }
  };

  if (channel) {
    channel.onmessage = ({ data }) => {
      // The component of another page says no more than that something has changed.
      if (typeof data?.tag !== "string") return banner && look().catch(() => {});
      const isOther = data.tag !== tag;
      if (isOther) changed(String(data.identity));
      else if (data.idleEndsAt > idleEndsAt) idleEndsAt = data.idleEndsAt;
      // That tab may have been slow, so the server is asked; a policy of the page's may forbid that.
      if (banner && (isOther || !isUntil(data.modeEndsAt))) look().catch(() => isOther || setMode(data.modeEndsAt));
    };
    tell(tag, self.identity);
  }

  // The address without its fragment: going there always asks the server, and never sends a form again.
  function address() {
    return location.href.split("#")[0];
  }

  if (!banner) return;

  for (const link of banner.querySelectorAll(".vicarious-notice a")) link.href = address();

  const heard = part("heard");
  let lastSaid = "";
  function say(text) {
    if (heard && text !== lastSaid) heard.textContent = lastSaid = text;
  }

  // Server time only: this clock may be wrong, but it runs as fast.
  const offset = Date.parse(self.now) - Date.now();
  const endsAt = Date.parse(self.endsAt);
  const left = part("left");
  const two = (number) => String(number).padStart(2, "0");
  let before = Infinity;
  let over = false;

  function tick() {
    const now = Date.now() + offset;
    const seconds = Math.max(0, Math.ceil((endsAt - now) / 1000));
    if (left) left.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
    if (seconds <= Number(self.continueWithin)) show("continue");
    for (const minutes of [5, 1]) {
      if (before > minutes * 60 && seconds <= minutes * 60 && seconds > 0) {
        say((minutes > 1 ? self.minutes : self.minute).replace("{count}", minutes));
      }
    }
    before = seconds;
    // The server fell back at this moment; only what is shown is left to change.
    if (now >= modeEndsAt && self.mode === "write") setMode(NaN, self.fellBack);
    part("idle").hidden = !(now >= idleEndsAt && idleEndsAt < endsAt);
    if (seconds === 0) end(self.expired);
  }

  // --- The mode ---

  // Write mode ends at `modeEndsAt`, which is NaN while reading only.
  const isUntil = (until) => Object.is(until, modeEndsAt);

  function setMode(until, text) {
    if (over || isUntil(until)) return;
    modeEndsAt = until;
    const isWrite = until > 0;
    self.mode = isWrite ? "write" : "read";
    const clock = (time) => `${new Date(time).toISOString().slice(11, 16)} UTC`;
    const mode = isWrite ? self.writes.replace("{time}", clock(until)) : self.reads;
    banner.querySelector(".vicarious-mode").textContent = mode;
    const [up, down] = [part("to-write"), part("to-read")];
    const hasFocus = up.contains(document.activeElement) || down.contains(document.activeElement);
    up.open = false;
    up.hidden = isWrite;
    down.hidden = !isWrite;
    if (hasFocus) (isWrite ? down : up).querySelector("button, summary").focus();
    say(text || mode);
  }

  // What the server says is so, and is passed on to other tabs.
  function follow({ impersonation: runs, identity, cause, detail, current_user: customer }) {
    if (over) return;
    if (cause) return end(banner.lang === "en" ? detail : part("ended").firstChild.textContent.trim());
    if (!runs || identity !== tag) {
      // Nothing that this banner says is so any more; what was typed stays.
      stopCounting();
      return changed(customer ? customer.name : self.self);
    }
    idleEndsAt = Date.parse(runs.idle_ends_at);
    const until = Date.parse(runs.mode_ends_at);
    if (isUntil(until)) return;
    setMode(until);
    tell(tag, self.identity);
  }

  // Asking leaves no trace, and does not count as being active. Whoever asks while a question is on its way may know more
  // than was known when it left, so it is asked once more.
  let asking = null;
  const ask = async () => {
    const answer = await fetch("/impersonation", { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    follow(await answer.json());
  };
  async function look() {
    if (asking) await asking.catch(() => {});
    if (!over) await (asking ??= ask().finally(() => (asking = null)));
  }
  // What cannot be asked now is asked when this tab is looked at next.
  const quietly = () => look().catch(() => {});

  document.addEventListener("visibilitychange", () => document.hidden || quietly());
  addEventListener("focus", quietly);
  // The component on this page has noticed something.
  document.addEventListener("vicarious:changed", quietly);

  // The page stays, and with it what is typed in it. Whatever goes wrong is left to the form and the page that answers it.
  let isChanging = false;
  async function change(form) {
    if (isChanging) return;
    isChanging = true;
    const { mode, reason } = Object.fromEntries(new FormData(form));
    const headers = { Accept: "application/json", "Content-Type": "application/json", Identity: tag };
    try {
      const body = JSON.stringify({ mode, reason });
      const { ok, status } = await fetch("/impersonation", { method: "PATCH", headers, body });
      // What is over, or somebody else's by now, shows in the answer to the question.
      if (!ok && status !== 409 && status !== 410) throw new Error(`the server answers ${status}`);
      await look();
      form.reset();
    } catch {
      form.submit();
    }
    isChanging = false;
  }

  let isStopping = false;
  banner.addEventListener("submit", (event) => {
    isStopping = event.target.querySelector(".vicarious-stop") !== null;
    if (isStopping) return tell("", self.self);
    event.preventDefault();
    change(event.target);
  });
  // By now it has stopped, and others who ask are told so.
  addEventListener("pagehide", () => isStopping && tell("", self.self));

  // --- The end ---

  // A page on which something was typed stays, so that it can be copied.
  const isTyped = (field) =>
    field.type !== "hidden" && (field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  const stays = () => [...document.querySelectorAll("input, textarea")].some(isTyped);

  function stopCounting() {
    over = true;
    clearInterval(timer);
    self.mode = "ended";
  }

  function end(text, stop) {
    stopCounting();
    part("ended").firstChild.textContent = `${text} `;
    show("ended");
    const button = banner.querySelector(".vicarious-stop");
    if (button && stop) button.textContent = stop;
    say(text);
    if (!stop && !stays()) setTimeout(() => location.replace(address()), 1500);
  }
  // A script of the application that learns of the end sooner says so: `detail` has a sentence, and what Stop does now.
  banner.addEventListener("vicarious:ended", ({ detail }) => end(detail.text, detail.stop));

  const timer = setInterval(tick, 1000);
  tick();

  // A header of the application's that sticks to the top makes room with it.
  const { style } = document.documentElement;
  const measure = () => style.setProperty("--vicarious-banner-height", `${banner.offsetHeight}px`);
  new ResizeObserver(measure).observe(banner);

  // A page out of the back/forward cache shows an old countdown, and perhaps an old identity.
  addEventListener("pageshow", (event) => event.persisted && location.replace(address()));
})();
