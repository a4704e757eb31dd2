// Pleasantness only: every page works without this file.

// "/" moves to the search field, as people expect of a site with one.
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("input[type=search]");
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || !field || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// A second click on a button that is already at work does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method === "get") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  // A page that comes back from the browser's memory is a fresh one.
  window.addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
});

// Times of day in the reader's own zone; without this they are in UTC, and say so.
for (const time of document.querySelectorAll("time[data-moment]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.textContent = at.toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
}
