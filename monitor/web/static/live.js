// Keeps a page fresh without a reload: asks for it again after each event, and takes over what is marked `data-live`.
import { clock, put, setNow, showTimes, showZone } from "./times.js";

const EVERY = 30_000; // a service that hangs sends no events, so ask now and then anyway
const live = document.getElementById("live");
const word = document.getElementById("live-word");
const news = document.getElementById("news");
const parts = () => [...document.querySelectorAll("[data-live]")];
let asked = false;
let again = false;
let events = null;

const heading = () => document.querySelector("h1")?.textContent ?? "";
const moment = () => new Date(document.body.dataset.at);

function say(state, text) {
  live.className = `live ${state}`;
  put(word, text.replace("{at}", clock(moment())));
}

// What the reader is busy with must not be taken away: a selection, a field, a chosen file.
function busy() {
  const selected = document.getSelection();
  const inside = (node) => parts().some((part) => part.contains(node));
  if (selected && !selected.isCollapsed && inside(selected.anchorNode)) return true;
  return document.activeElement.matches("input, select, textarea") && inside(document.activeElement);
}

// Puts in the new parts, with what the reader looked at in its place, the focus where it was, open what was open, chosen what was chosen.
function swap(fresh) {
  const before = heading();
  const focused = document.activeElement.id;
  const seen = [...document.querySelectorAll("[data-live] h2[id]")].filter((one) => one.getBoundingClientRect().top <= 80).pop();
  const anchor = seen && seen.id;
  const from = seen ? seen.getBoundingClientRect().top : 0;
  const open = new Map([...document.querySelectorAll("[data-live] details[id]")].map((one) => [one.id, one.open]));
  const picked = [...document.querySelectorAll("[data-live] input[type=checkbox][id]:checked")].map((one) => one.id);
  for (const part of parts()) {
    const successor = fresh.getElementById(part.id);
    if (successor) part.replaceChildren(...document.importNode(successor, true).childNodes);
  }
  for (const [id, was] of open) {
    const details = document.getElementById(id);
    if (details) details.open = was;
  }
  for (const id of picked) {
    const box = document.getElementById(id);
    if (box) box.checked = true;
  }
  document.title = fresh.title;
  document.body.dataset.at = fresh.body.dataset.at;
  setNow(moment());
  showTimes();
  const found = anchor && document.getElementById(anchor);
  if (found) window.scrollBy({ top: found.getBoundingClientRect().top - from, behavior: "instant" });
  const target = focused && document.getElementById(focused);
  if (target && target !== document.activeElement) target.focus({ preventScroll: true });
  if (heading() !== before) news.textContent = heading();
}

async function refresh() {
  if (asked || document.hidden || busy()) {
    again = true;
    return;
  }
  asked = true;
  again = false;
  const begun = performance.now();
  try {
    const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(15_000) });
    if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
    swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    say("on", live.dataset.on);
  } catch {
    lost();
  } finally {
    // a page that takes long to make is asked for less often: it costs the service a fifth of its time at most
    setTimeout(() => { asked = false; catchUp(); }, 4 * (performance.now() - begun));
  }
}

function lost() {
  say("lost", live.dataset.lost);
}

function catchUp() {
  if (again) refresh();
}

// Browsers allow few streams to one service at a time: only a page that is seen holds one.
function listen() {
  if (document.hidden) {
    events?.close();
    events = null;
  } else if (!events) {
    events = new EventSource(`${document.body.dataset.root}api/fdi/v1/events`);
    events.addEventListener("open", refresh);
    events.addEventListener("changed", refresh);
    events.addEventListener("error", lost);
  }
}

setNow(moment());
showTimes();
showZone();
setInterval(showTimes, 5_000);
if (live && parts().length) {
  listen();
  document.addEventListener("visibilitychange", listen);
  document.addEventListener("selectionchange", catchUp);
  document.addEventListener("focusout", () => setTimeout(catchUp));
  setInterval(refresh, EVERY);
}
