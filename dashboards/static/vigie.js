// Follows the present: when the server says that something changed, the live part
// of the page is fetched again. Without this file every page works as it is.
(() => {
  "use strict";
  const live = document.getElementById("live");
  const pulse = document.getElementById("pulse");
  const announce = document.getElementById("announce");
  if (!live || !pulse || !window.EventSource || !window.fetch) return;

  const pause = 1500; // milliseconds between two fetches
  let wanted = false;
  let busy = false;

  function show(on) {
    pulse.hidden = false;
    pulse.textContent = on ? pulse.dataset.live : pulse.dataset.lost;
    pulse.classList.toggle("off", !on);
  }

  function said() {
    const summary = document.getElementById("summary");
    return summary ? summary.dataset.say : "";
  }

  // What a person opened, typed in or stands on must survive the exchange.
  function replace(html) {
    const before = said();
    const open = new Map();
    live.querySelectorAll("details[id]").forEach((d) => open.set(d.id, d.open));
    const focus = document.activeElement;
    const held = focus && live.contains(focus) ? focus : null;
    const mark = held && (held.id ? "#" + CSS.escape(held.id) : held.getAttribute("href") && `a[href="${CSS.escape(held.getAttribute("href"))}"]`);
    const summaryOf = held && held.tagName === "SUMMARY" && held.parentElement.id;
    live.innerHTML = html;
    live.querySelectorAll("details[id]").forEach((d) => { if (open.has(d.id)) d.open = open.get(d.id); });
    const again = summaryOf ? live.querySelector(`#${CSS.escape(summaryOf)} > summary`) : mark && live.querySelector(mark);
    if (again) again.focus({ preventScroll: true });
    const after = said();
    if (announce && after && after !== before) announce.textContent = after;
  }

  function editing() {
    const at = document.activeElement;
    return at && live.contains(at) && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);
  }

  async function look() {
    if (busy || document.hidden || editing()) { wanted = true; return; }
    busy = true;
    wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { "Vigie-Part": "live" }, credentials: "same-origin" });
      if (answer.redirected || answer.status === 401) { location.reload(); return; }
      if (answer.ok && answer.headers.get("Vigie-Part") === "live") replace(await answer.text());
    } catch { /* the stream says when the server is back */ }
    setTimeout(() => { busy = false; if (wanted) look(); }, pause);
  }

  // A page that nobody looks at holds no stream: a browser has six for a site.
  let stream = null;
  function follow() {
    if (document.hidden) {
      if (stream) stream.close();
      stream = null;
      return;
    }
    if (stream) return;
    stream = new EventSource("/live");
    stream.addEventListener("open", () => show(true));
    stream.addEventListener("error", () => show(false));
    stream.addEventListener("changed", look);
  }
  follow();
  document.addEventListener("visibilitychange", () => {
    follow();
    if (!document.hidden) look();
  });
  live.addEventListener("focusout", () => { if (wanted) setTimeout(look, 0); });
})();
