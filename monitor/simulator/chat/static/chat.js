// Makes the chat room live: every event of the stream is one message, already rendered by the server.
"use strict";

const page = document.body.dataset;
const room = document.querySelector(".messages");
const scroll = document.querySelector(".scroll");
const state = document.querySelector(".state");
const still = state.querySelector("span").textContent;

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
}

function count(robot) {
  for (const name of ["", robot]) {
    const badge = document.querySelector(`[data-count="${name}"]`);
    if (badge) badge.textContent = String(Number(badge.textContent) + 1);
  }
}

function show(event) {
  const made = new DOMParser().parseFromString(event.data, "text/html").querySelector(".message");
  if (!made) return;
  made.classList.add("fresh");
  const before = document.getElementById(made.id);
  if (before) {
    before.replaceWith(made);
    return;
  }
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  room.querySelector(".empty")?.remove();
  room.append(made);
  const face = [...made.querySelector(".avatar").classList].find((name) => name.startsWith("avatar-"));
  count(face.slice("avatar-".length));
  if (atEnd) toEnd();
}

const stream = new EventSource(`/chat/events?after=${page.last}&robot=${page.robot}&lang=${page.language}`);
stream.onmessage = show;
stream.onopen = () => {
  state.classList.add("live");
  state.querySelector("span").textContent = state.dataset.live;
};
stream.onerror = () => {
  state.classList.remove("live");
  state.querySelector("span").textContent = still;
};
toEnd();
