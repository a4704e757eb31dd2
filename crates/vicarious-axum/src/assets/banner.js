// Keeps the impersonation banner going: counts down, offers to continue, and tells the other tabs who is acting.
// The banner is complete without it. On a page without a banner (`data-identity` on the script's own tag), it only tells
// and listens.
(() => {
  "use strict";
  const banner = document.getElementById("vicarious-banner");
  const self = (banner || document.currentScript || document.body).dataset;
  const part = (name) => banner && banner.querySelector(`[data-vicarious="${name}"]`);
  const show = (name) => { const found = part(name); if (found) found.hidden = false; };

  // Other tabs. `tag` is empty for people who act as themselves.
  const tag = self.tag || "";
  let idleEndsAt = Date.parse(self.idleEndsAt);
  const channel = "BroadcastChannel" in window && self.identity ? new BroadcastChannel("vicarious") : null;
  const tell = (tag, identity) => channel && channel.postMessage({ tag, identity, idleEndsAt });

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
      if (!data || typeof data.tag !== "string") return;
      if (data.tag !== tag) changed(String(data.identity));
      else if (data.idleEndsAt > idleEndsAt) idleEndsAt = data.idleEndsAt;
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
  const modeEndsAt = Date.parse(self.modeEndsAt);
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
    if (now >= modeEndsAt && banner.dataset.mode === "write") {
      // The server fell back at this moment; only what is shown is left to change.
      banner.dataset.mode = "read";
      const mode = banner.querySelector(".vicarious-mode");
      if (mode) mode.textContent = self.reads;
      say(self.fellBack);
    }
    if (now >= idleEndsAt && idleEndsAt < endsAt) show("idle");
    if (seconds === 0) end(self.expired);
  }

  // A page on which something was typed stays, so that it can be copied.
  const isTyped = (field) => field.type !== "hidden" && field.value !== field.defaultValue;
  const stays = () => [...document.querySelectorAll("input, textarea")].some(isTyped);

  function end(text, stop) {
    if (over) return;
    over = true;
    clearInterval(timer);
    banner.dataset.mode = "ended";
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

  banner.addEventListener("submit", (event) => {
    if (event.target.querySelector(".vicarious-stop")) tell("", self.self);
  });
  // A page out of the back/forward cache shows an old countdown, and perhaps an old identity.
  addEventListener("pageshow", (event) => event.persisted && location.replace(address()));
})();
