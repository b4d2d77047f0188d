// The keypad page: draws what the server says of a lock and sends keys. Digits go into requests and
// nowhere else: they are not kept, shown or logged here; the dots count what the lock has taken.
"use strict";

const ANSWERS = {
  GRANTED: ["green", "Granted"],
  DENIED: ["red", "Denied"],
  READY: [null, "Go on"],
  DONE: ["green", "Done", 2],
  RELEASED: ["green", "PIN entry is enabled again"],
  CLEARED: [null, "Cleared"],
};
const KEYS = { Enter: "ENTER", Backspace: "BACKSPACE", Escape: "CANCEL", Delete: "CANCEL" };

const el = (id) => document.getElementById(id);
const locks = new Map();
let chosen = decodeURIComponent(location.hash.slice(1));
const FLASH_MS = 350;
let lightTimers = [];
let sending = Promise.resolve();

function send(action, body) {
  const key = chosen;
  // One after the other, so that digits arrive in the order in which they were typed.
  sending = sending.then(async () => {
    try {
      const answer = await fetch(`/locks/${encodeURIComponent(key)}/${action}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      // What has changed comes by the stream; the answer could be older than that already.
      if (!answer.ok) say((await answer.json()).error);
    } catch {
      say("The simulator does not answer");
    }
  });
  return sending;
}

function say(text) {
  el("answer").textContent = text;
}

function flash(signal) {
  const shown = ANSWERS[signal];
  if (!shown) return;
  const [light, text, times = 1] = shown;
  darken();
  shine(light);
  say(text);
  for (let turn = 1; turn < 2 * times - 1; turn += 1) {
    lightTimers.push(setTimeout(() => shine(turn % 2 ? null : light), turn * FLASH_MS));
  }
  lightTimers.push(setTimeout(() => shine(null), times > 1 ? (2 * times - 1) * FLASH_MS : 2500));
  lightTimers.push(setTimeout(() => say(""), 2500));
}

function shine(light) {
  for (const name of ["green", "red"]) el(name).classList.toggle("on", name === light);
}

function darken() {
  lightTimers.forEach(clearTimeout);
  lightTimers = [];
  shine(null);
}

function take(lock, signal) {
  locks.set(lock.key, { ...lock, seenAt: performance.now() });
  drawChoice();
  if (lock.key !== chosen) return;
  draw();
  if (signal) flash(signal);
}

function choose(key) {
  chosen = key;
  history.replaceState(null, "", `#${encodeURIComponent(key)}`);
  darken();
  say("");
  draw();
}

function drawChoice() {
  const list = el("choose");
  for (const lock of locks.values()) {
    let option = [...list.options].find((each) => each.value === lock.key);
    if (!option) {
      option = new Option("", lock.key);
      list.append(option);
    }
    const state = !lock.running ? "no power" : lock.online ? "connected" : "not connected";
    const text = `${lock.name} (${state})`;
    if (option.textContent !== text) option.textContent = text;
  }
  for (const option of [...list.options]) if (!locks.has(option.value)) option.remove();
  if (!locks.has(chosen) && locks.size) choose(locks.keys().next().value);
  list.value = chosen;
}

function put(id, text, bad = false) {
  el(id).textContent = text;
  el(id).classList.toggle("bad", bad);
}

function draw() {
  const lock = locks.get(chosen);
  document.querySelector("main").hidden = !lock;
  if (!lock) return;
  el("name").textContent = lock.name;
  document.title = lock.name;
  el("door").classList.toggle("open", lock.doorOpen);
  el("door-text").textContent = lock.doorOpen ? "Open" : "Shut";
  el("dots").textContent = "•".repeat(lock.typed);
  put("online", lock.online ? "connected" : "not connected", !lock.online);
  put("lockout", lock.lockedOut ? "disabled: hold the paired card" : "enabled", lock.lockedOut);
  el("power").setAttribute("aria-checked", lock.power);
  el("network").setAttribute("aria-checked", lock.network);
  el("silent").setAttribute("aria-checked", lock.silent);
  if (document.activeElement !== el("drift")) el("drift").value = lock.driftPpm;
  for (const button of document.querySelectorAll("#keys button, #card button")) {
    button.disabled = !lock.running;
  }
  drawClock();
}

function drawClock() {
  const lock = locks.get(chosen);
  if (!lock) return;
  if (!lock.running) return put("clock", "no power", true);
  if (lock.nowMs === null) return put("clock", "no time", true);
  const now = new Date(lock.nowMs + performance.now() - lock.seenAt);
  const text = now.toLocaleString(undefined, {
    timeZone: lock.zone,
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  put("clock", `${text} (${lock.zone})`);
}

function press(key) {
  const lock = locks.get(chosen);
  if (!lock || !lock.running) return;
  const button = document.querySelector(`[data-key="${key}"]`);
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 120);
  send("keys", { keys: [key] });
}

function toggle(id) {
  send(id, { on: el(id).getAttribute("aria-checked") !== "true" });
}

el("choose").addEventListener("change", (event) => choose(event.target.value));
el("keys").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) press(button.dataset.key);
});
for (const id of ["power", "network", "silent"]) el(id).addEventListener("click", () => toggle(id));
el("card").addEventListener("submit", (event) => {
  event.preventDefault();
  send("card", { uid: el("uid").value.trim() });
});
el("empty").addEventListener("click", () => send("clock", { batteryEmpty: true }));
el("drift").addEventListener("change", (event) => {
  const ppm = Math.round(Number(event.target.value));
  if (Number.isFinite(ppm)) send("clock", { driftPpm: ppm });
});
for (const button of document.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => send("clock", { stepMs: Number(button.dataset.step) }));
}
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = /^[0-9]$/.test(event.key) ? event.key : KEYS[event.key];
  // Enter on another control is that control's own.
  const other = event.target.closest("summary, .around button");
  if (!key || (other && event.key === "Enter")) return;
  event.preventDefault();
  press(key);
});
setInterval(drawClock, 500);

const changes = new EventSource("/changes");
changes.onopen = () => (el("link").textContent = "");
changes.onerror = () => (el("link").textContent = "The simulator does not answer");
changes.onmessage = (event) => {
  const value = JSON.parse(event.data);
  if (value.locks) {
    locks.clear();
    for (const lock of value.locks) locks.set(lock.key, { ...lock, seenAt: performance.now() });
    drawChoice();
    draw();
  } else {
    take(value.lock, value.signal);
  }
};
