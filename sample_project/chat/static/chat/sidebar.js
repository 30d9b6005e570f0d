// Draws the list of rooms, the members of the current one and the state of the connection.

import { shortTimeOf, timeWithSecondsOf } from "./times.js";

const $ = (id) => document.getElementById(id);

export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// A colour for each name, the same in every browser.
export function hueOf(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 3600;
  return (hash * 47) % 360;
}

export function drawAvatar(node, name) {
  node.dataset.initial = [...name][0]?.toUpperCase() ?? "?";
  node.style.setProperty("--hue", hueOf(name));
}

function preview(message) {
  if (!message) return "No messages yet";
  return `${message.author}: ${message.text || "shared an image"}`;
}

function timeOfNewest(message) {
  const time = element("time", "", shortTimeOf(new Date(message.sent_at)));
  time.dateTime = message.sent_at;
  return time;
}

function roomButton(room, ...details) {
  const button = element("button", "room");
  button.type = "button";
  button.dataset.room = room.slug;
  button.append(element("b", "", room.name), ...details);
  const item = element("li");
  item.append(button);
  return item;
}

export function drawRooms(rooms) {
  const focused = document.activeElement?.dataset?.room;
  $("rooms").replaceChildren(
    ...rooms.byActivity().map((room) => {
      const item = roomButton(room, element("span", "preview", preview(room.newest)));
      if (room.newest) item.firstChild.append(timeOfNewest(room.newest));
      const button = item.firstChild;
      if (!room.is_open) button.firstChild.append(" ", element("span", "private", "private"));
      if (room === rooms.current) button.setAttribute("aria-current", "true");
      if (room.unread) {
        const badge = element("span", "badge", room.unread > 99 ? "99+" : room.unread);
        badge.setAttribute("aria-label", `${room.unread} unread`);
        button.append(badge);
      }
      return item;
    }),
  );
  $("joinable").replaceChildren(
    ...rooms.joinable.map((room) =>
      roomButton(room, element("span", "preview", room.topic), element("span", "action", "Join")),
    ),
  );
  $("joinable-section").hidden = rooms.joinable.length === 0;
  if (focused) document.querySelector(`[data-room="${CSS.escape(focused)}"]`)?.focus();

  const unread = rooms.unread();
  $("total-unread").hidden = unread === 0;
  $("total-unread").textContent = unread;
  const name = rooms.current ? `${rooms.current.name} · Sioserve chat` : "Sioserve chat";
  document.title = unread ? `(${unread}) ${name}` : name;
}

export function drawHead(room) {
  $("room-name").textContent = room.name;
  $("room-topic").textContent = room.topic;
  $("transcript").href = `/rooms/${encodeURIComponent(room.slug)}/transcript.txt`;
}

export function drawPeople(room, online) {
  const members = Object.keys(room.receipts).sort(
    (a, b) => online.has(b) - online.has(a) || a.localeCompare(b),
  );
  $("people").replaceChildren(
    ...members.map((name) => {
      const person = element("li", "person", name);
      person.dataset.user = name;
      person.dataset.online = online.has(name);
      person.title = online.has(name) ? `${name} is online` : `${name} is offline`;
      return person;
    }),
  );
}

export function drawTyping(room) {
  const names = [...room.typing.keys()];
  $("typing").textContent =
    names.length === 0
      ? ""
      : names.length === 1
        ? `${names[0]} is typing…`
        : `${names.slice(0, 3).join(", ")} are typing…`;
}

const STATES = {
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  offline: "Disconnected",
};

export function drawConnection(state, transport) {
  $("status").dataset.state = state;
  $("status").dataset.transport = transport;
  $("status-text").textContent = STATES[state];
  $("transport").textContent = transport;
}

export function drawClock(now) {
  $("clock").hidden = now === null;
  if (now) $("clock").querySelector("time").textContent = timeWithSecondsOf(now);
}

export function toast(text) {
  const note = element("div", "toast", text);
  $("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

export function watchSidebar({ onRoom, onJoin }) {
  const show = (open) => {
    $("sidebar").classList.toggle("open", open);
    $("open-sidebar").setAttribute("aria-expanded", open);
    $("scrim").hidden = !open;
    if (open) $("close-sidebar").focus();
  };
  $("open-sidebar").addEventListener("click", () => show(true));
  $("close-sidebar").addEventListener("click", () => show(false));
  $("scrim").addEventListener("click", () => show(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  for (const [id, act] of [["rooms", onRoom], ["joinable", onJoin]]) {
    $(id).addEventListener("click", (event) => {
      const slug = event.target.closest("[data-room]")?.dataset.room;
      if (slug) {
        show(false);
        act(slug);
      }
    });
  }
}
