// Keeps the board fresh without a reload: asks for it again after each event, and shows times as the reader's clock has them.
"use strict";

(() => {
  const EVERY = 30_000; // a service that hangs sends no events, so ask now and then anyway
  const board = document.getElementById("board");
  const live = document.getElementById("live");
  const word = document.getElementById("live-word");
  const news = document.getElementById("news");
  const short = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
  let ahead = 0; // how far the service's clock is ahead of ours, in milliseconds
  let asked = false;
  let again = false;

  const now = () => Date.now() + ahead;

  function clock(moment) {
    return (Math.abs(now() - moment) < 86_400_000 ? short : dated).format(moment);
  }

  function span(milliseconds) {
    let left = Math.max(0, Math.floor(milliseconds / 1000));
    if (left < 60) return `${left}s`;
    const parts = [];
    for (const [unit, size] of [["d", 86_400], ["h", 3_600], ["m", 60]]) {
      parts.push([Math.floor(left / size), unit]);
      left %= size;
    }
    const first = parts.findIndex(([amount]) => amount > 0);
    return parts.slice(first, first + 2).filter(([amount]) => amount > 0).map((part) => part.join("")).join(" ");
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function showTimes() {
    for (const element of board.querySelectorAll("time")) {
      const moment = new Date(element.dateTime);
      put(element, element.dataset.as === "span" ? span(now() - moment) : clock(moment));
      element.title = full.format(moment);
    }
  }

  function say(state, text) {
    live.className = `live ${state}`;
    put(word, text);
  }

  function settle() {
    const state = document.getElementById("state");
    const headline = document.getElementById("headline").textContent;
    const at = new Date(state.dataset.at);
    ahead = at - Date.now();
    document.title = `${headline} · ${document.body.dataset.title}`;
    showTimes();
    return { headline, at };
  }

  // Puts in the new board, with what the reader looked at in its place and the focus where it was.
  function swap(html) {
    const before = document.getElementById("headline").textContent;
    const focused = board.contains(document.activeElement) ? document.activeElement.id : "";
    const seen = [...board.querySelectorAll("h2[id]")].filter((one) => one.getBoundingClientRect().top <= 80).pop();
    const anchor = seen && seen.id;
    const from = seen ? seen.getBoundingClientRect().top : 0;
    board.innerHTML = html;
    const { headline } = settle();
    const found = anchor && document.getElementById(anchor);
    if (found) window.scrollBy({ top: found.getBoundingClientRect().top - from, behavior: "instant" });
    const target = focused && document.getElementById(focused);
    if (target) target.focus({ preventScroll: true });
    if (headline !== before) news.textContent = headline;
  }

  async function refresh() {
    const selected = document.getSelection();
    if (asked || document.hidden || (selected && !selected.isCollapsed && board.contains(selected.anchorNode))) {
      again = true;
      return;
    }
    asked = true;
    again = false;
    const begun = performance.now();
    try {
      const answer = await fetch(`board${location.search}`, { cache: "no-store", signal: AbortSignal.timeout(15_000) });
      if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
      swap(await answer.text());
      say("on", `live · ${clock(new Date(document.getElementById("state").dataset.at))}`);
    } catch {
      lost();
    } finally {
      // a board that takes long to make is asked for less often: it costs the service a fifth of its time at most
      setTimeout(() => { asked = false; catchUp(); }, 4 * (performance.now() - begun));
    }
  }

  function lost() {
    say("lost", `no connection · this is of ${clock(new Date(document.getElementById("state").dataset.at))}`);
  }

  function catchUp() {
    if (again) refresh();
  }

  const events = new EventSource("api/fdi/v1/events");
  events.addEventListener("open", refresh);
  events.addEventListener("changed", refresh);
  events.addEventListener("error", lost);
  document.addEventListener("visibilitychange", catchUp);
  document.addEventListener("selectionchange", catchUp);
  setInterval(refresh, EVERY);
  setInterval(showTimes, 5_000);
  settle();
})();
