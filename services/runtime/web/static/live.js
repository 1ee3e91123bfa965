// Keeps <section data-live="/events" data-fragment="/part"> fresh: on each server-sent event the fragment is read again.
// data-on="name" heeds only the events of that name. Sections of one address share one stream: a browser keeps few.
// Without this script the page is the same, and a reload does what an event would have done.
"use strict";

const QUIET_MS = 400; // between two readings at least; the first event after a pause is heeded at once
const streams = new Map();

function streamOf(address) {
  if (!streams.has(address)) {
    const events = new EventSource(address);
    addEventListener("pagehide", () => events.close());
    streams.set(address, events);
  }
  return streams.get(address);
}

function keepFresh(section) {
  let timer = 0;
  let asking = false;
  let again = false;
  let asked = -QUIET_MS;

  async function refresh() {
    timer = 0;
    if (asking) { again = true; return; }
    const held = document.activeElement;
    if (held && section.contains(held) && held.matches("input, select, textarea")) { asked = performance.now(); later(); return; }
    asking = true;
    asked = performance.now();
    try {
      const answer = await fetch(section.dataset.fragment, { headers: { Accept: "text/html", "Habeas-Live": "1" } });
      if (answer.redirected) { location.reload(); return; } // signed out meanwhile
      if (answer.ok) replace(await answer.text());
    } catch { /* the next event asks again */ } finally {
      asking = false;
      if (again) { again = false; later(); }
    }
  }

  function replace(html) {
    const focused = section.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...section.querySelectorAll("details[id][open]")].map((part) => part.id);
    section.innerHTML = html;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  function later() {
    if (!timer) timer = setTimeout(refresh, Math.max(0, asked + QUIET_MS - performance.now()));
  }

  const events = streamOf(section.dataset.live);
  events.addEventListener("message", (said) => { if (!section.dataset.on || section.dataset.on === said.data) later(); });
  events.addEventListener("open", () => section.removeAttribute("data-stale"));
  events.addEventListener("error", () => section.setAttribute("data-stale", ""));
}

document.querySelectorAll("section[data-live][data-fragment]").forEach(keepFresh);
