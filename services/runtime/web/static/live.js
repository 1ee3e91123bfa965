// Keeps <section data-live="/events" data-fragment="/part"> fresh: on each server-sent event the fragment is read again.
// Without this script the page is the same, and a reload does what an event would have done.
"use strict";

const QUIET_MS = 400; // events that come close together ask once

function keepFresh(section) {
  let timer = 0;
  let asking = false;
  let again = false;

  async function refresh() {
    timer = 0;
    if (asking) { again = true; return; }
    const held = document.activeElement;
    if (held && section.contains(held) && held.matches("input, select, textarea")) { later(); return; }
    asking = true;
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
    if (!timer) timer = setTimeout(refresh, QUIET_MS);
  }

  const events = new EventSource(section.dataset.live);
  events.onmessage = later;
  events.onopen = () => section.removeAttribute("data-stale");
  events.onerror = () => section.setAttribute("data-stale", "");
  addEventListener("pagehide", () => events.close());
}

document.querySelectorAll("section[data-live][data-fragment]").forEach(keepFresh);
