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
const FLASH_MS = 350;
const GAP_MS = 150;
const ANSWER_MS = 2500;
const NOTICE_MS = 5000;
const RETRY_MS = 2000;
const MOST_DRIFT_PPM = 100000;

const el = (id) => document.getElementById(id);
const locks = new Map();
let chosen = fromHash();
let away = false;
let answerTimers = [];
let sending = Promise.resolve();

function fromHash() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

// Sending

function send(action, body, place) {
  const key = chosen;
  // One after the other, so that digits arrive in the order in which they were typed.
  sending = sending.then(async () => {
    let error = "";
    try {
      const answer = await fetch(`/locks/${encodeURIComponent(key)}/${action}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      // What has changed comes by the stream; the answer could be older than that already.
      if (!answer.ok) error = (await answer.json()).error;
    } catch {
      error = "the simulator did not get this: try again";
    }
    if (error) tell(place, `${error[0].toUpperCase()}${error.slice(1)}.`);
  });
  return sending;
}

// A notice goes by itself; what is wrong with a field stands until the field is changed.
function tell(place, text) {
  if (place === "answer") return answer(null, text, 1, NOTICE_MS);
  el(place).textContent = text;
  setTimeout(() => el(place).textContent === text && tellWrong(place, null, ""), NOTICE_MS);
}

function tellWrong(place, field, text) {
  el(place).textContent = text;
  if (field) el(field).setAttribute("aria-invalid", text !== "");
}

function tidy() {
  tellWrong("card-said", "uid", "");
  tellWrong("faults-said", "drift", "");
  tellWrong("switches-said", null, "");
}

// Lights and answers

function later(delay, step) {
  answerTimers.push(setTimeout(step, delay));
}

function quiet() {
  answerTimers.forEach(clearTimeout);
  answerTimers = [];
  shine(null);
  el("answer").textContent = "";
}

function shine(light) {
  for (const name of ["green", "red"]) el(name).classList.toggle("on", name === light);
}

function flash(signal) {
  if (ANSWERS[signal]) answer(...ANSWERS[signal]);
}

function answer(light, text, times = 1, standsMs = ANSWER_MS) {
  const standing = el("answer").textContent !== "";
  quiet();
  // Dark and empty for a moment between two answers: the same one twice is seen, and read out, twice.
  later(standing ? GAP_MS : 0, () => {
    shine(light);
    el("answer").textContent = text;
    el("answer").dataset.light = light ?? "";
    for (let turn = 1; turn < 2 * times - 1; turn += 1) {
      later(turn * FLASH_MS, () => shine(turn % 2 ? null : light));
    }
    if (times > 1) later((2 * times - 1) * FLASH_MS, () => shine(null));
    later(standsMs, quiet);
  });
}

// Drawing

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
  quiet();
  tidy();
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
  const place = el(id);
  // Written only if it is another text: what is written is read out.
  if (place.textContent !== text) place.textContent = text;
  place.classList.toggle("bad", bad);
}

function pinEntry(lock) {
  if (!lock.hasKeypad) return ["this lock has no keypad"];
  if (!lock.running) return ["no power", true];
  if (lock.lockedOut) return ["disabled: hold the paired card, or let an admin unlock remotely", true];
  if (lock.pinEnabled) return ["enabled"];
  return [lock.smartPinEnabled ? "off (PIN mode); SmartPINs open" : "off (PIN mode)", true];
}

// Which of several keypads is typed at: the page's own choice, by lock.
const keypads = new Map();

function keypadOf(lock) {
  return lock.keypads.find((each) => each.id === keypads.get(lock.key)) ?? lock.keypads[0];
}

function drawKeypads(lock) {
  el("at").hidden = lock.keypads.length < 2;
  const list = el("keypad");
  const text = (each) => (each.pinEnabled ? each.name : `${each.name} (PIN mode off)`);
  const drawn = [...list.options].map((each) => `${each.value} ${each.textContent}`).join();
  if (drawn !== lock.keypads.map((each) => `${each.id} ${text(each)}`).join()) {
    list.replaceChildren(...lock.keypads.map((each) => new Option(text(each), each.id)));
  }
  list.value = keypadOf(lock)?.id ?? "";
}

function draw() {
  const lock = locks.get(chosen);
  const main = document.querySelector("main");
  main.hidden = !lock;
  main.classList.toggle("away", away);
  put("link", away ? "The simulator does not answer. Trying again…" : "");
  if (!lock) return;
  if (!lock.running) quiet();
  el("name").textContent = lock.name;
  document.title = lock.name;
  el("door").classList.toggle("open", lock.doorOpen);
  put("door-text", lock.doorOpen ? "Open" : "Shut");
  drawKeypads(lock);
  const typed = keypadOf(lock)?.typed ?? lock.typed;
  put("dots", "•".repeat(typed));
  put("typed", typed ? `${typed} ${typed === 1 ? "digit" : "digits"} entered` : "");
  put("online", lock.online ? "connected" : "not connected", !lock.online);
  put("lockout", ...pinEntry(lock));
  for (const id of ["power", "network", "silent"]) el(id).setAttribute("aria-checked", lock[id]);
  const drift = el("drift");
  if (document.activeElement !== drift && drift.ariaInvalid !== "true") drift.value = lock.driftPpm;
  el("keys").hidden = !lock.hasKeypad;
  el("no-keypad").hidden = lock.hasKeypad;
  for (const button of document.querySelectorAll("main button")) {
    button.disabled = away || (!lock.running && button.matches("#keys *, #card *"));
  }
  drawClock();
}

function drawClock() {
  const lock = locks.get(chosen);
  if (!lock || away) return;
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

// Hands

function press(key) {
  const lock = locks.get(chosen);
  if (away || !lock?.running || !lock.hasKeypad) return;
  const button = document.querySelector(`[data-key="${key}"]`);
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 120);
  send("keys", { keys: [key], ...(keypadOf(lock) && { reader: keypadOf(lock).id }) }, "answer");
}

function hold(uid) {
  const good = /^([0-9a-f]{2}){4,10}$/i.test(uid);
  tellWrong("card-said", "uid", good ? "" : "A UID is 8 to 20 hexadecimal digits (0 to 9, a to f), two for each byte.");
  if (good) send("card", { uid }, "card-said");
}

function drift(text) {
  const ppm = Number(text.replace("−", "-"));
  const good = /^[-−+]?[0-9]+$/.test(text) && Math.abs(ppm) <= MOST_DRIFT_PPM;
  tellWrong("faults-said", "drift", good ? "" : "The drift is a whole number from −100000 to 100000: so many millionths too fast, or too slow.");
  if (good) send("clock", { driftPpm: ppm }, "faults-said");
}

el("choose").addEventListener("change", (event) => choose(event.target.value));
el("keypad").addEventListener("change", (event) => {
  keypads.set(chosen, event.target.value);
  draw();
});
el("keys").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  press(button.dataset.key);
  // A finger or a mouse leaves no focus behind: Enter on the keyboard is the lock's again.
  if (event.detail) button.blur();
});
for (const [id, place] of [["power", "switches-said"], ["network", "switches-said"], ["silent", "faults-said"]]) {
  el(id).addEventListener("click", () => send(id, { on: el(id).ariaChecked !== "true" }, place));
}
el("card").addEventListener("submit", (event) => {
  event.preventDefault();
  hold(el("uid").value.trim());
});
el("uid").addEventListener("input", () => tellWrong("card-said", "uid", ""));
el("drift").addEventListener("input", () => tellWrong("faults-said", "drift", ""));
el("drift").addEventListener("change", (event) => drift(event.target.value.trim()));
el("empty").addEventListener("click", () => send("clock", { batteryEmpty: true }, "faults-said"));
for (const button of document.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => send("clock", { stepMs: Number(button.dataset.step) }, "faults-said"));
}
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = /^[0-9]$/.test(event.key) ? event.key : KEYS[event.key];
  // Enter on a control that has the focus is that control's own, as Space is.
  const own = event.key === "Enter" && event.target.closest("button, select, summary");
  if (!key || own) return;
  event.preventDefault();
  press(key);
});
setInterval(drawClock, 500);

// What the simulator says

function listen() {
  const changes = new EventSource("/changes");
  changes.onmessage = (event) => {
    away = false;
    const value = JSON.parse(event.data);
    if (!value.locks) return take(value.lock, value.signal);
    locks.clear();
    for (const lock of value.locks) locks.set(lock.key, { ...lock, seenAt: performance.now() });
    drawChoice();
    draw();
  };
  changes.onerror = () => {
    away = true;
    draw();
    // The browser tries again by itself only where it could not connect.
    if (changes.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  };
}
listen();
