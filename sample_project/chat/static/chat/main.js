// Connects the parts: received events change the rooms, and the rooms are drawn.

import { watchComposer } from "./composer.js";
import { pollingOnly, Refusal, request, socket, watchClock, watchConnection } from "./connection.js";
import { Log } from "./log.js";
import { Rooms } from "./rooms.js";
import {
  drawAvatar,
  drawClock,
  drawConnection,
  drawHead,
  drawPeople,
  drawRooms,
  drawTyping,
  toast,
  watchSidebar,
} from "./sidebar.js";

const TYPING_LASTS = 5000;  // milliseconds after the last notification

const you = document.querySelector(".app").dataset.user;
const rooms = new Rooms();
const log = new Log({ you, onRetry: retry, onOlder: loadOlder, onSeen: noteRead });

// Rooms and history

function wantedRoom() {
  const wanted = rooms.all.get(decodeURIComponent(location.hash.slice(1)));
  return wanted ?? rooms.all.get("lobby") ?? rooms.all.values().next().value;
}

async function openRoom(room) {
  rooms.current = room;
  history.replaceState(null, "", `#${encodeURIComponent(room.slug)}`);
  drawRooms(rooms);
  drawHead(room);
  drawPeople(room, rooms.online);
  drawTyping(room);
  log.show(room);
  if (!room.loaded) await load(room);
  noteRead();
}

// Merges the newest page of the history, which also closes a gap after a disconnect.
async function load(room) {
  const page = await attempt("history", { room: room.slug });
  if (!page) return;
  const oldest = page.messages[0]?.id ?? 0;
  const reaches = room.messages.some((m) => m.id && m.id >= oldest);
  if (!reaches) room.messages = room.messages.filter((m) => !m.id);
  if (!room.loaded || !reaches) room.more = page.more;
  page.messages.forEach((message) => room.merge(message));
  room.receipts = page.receipts;
  room.loaded = true;
  if (room !== rooms.current) return;
  drawPeople(room, rooms.online);
  log.draw();
}

async function loadOlder(room) {
  const oldest = room.messages.find((m) => m.id);
  if (!oldest || room.loading) return;
  room.loading = true;
  const page = await attempt("history", { room: room.slug, before: oldest.id });
  room.loading = false;
  if (!page) return;
  room.more = page.more;
  page.messages.forEach((message) => room.merge(message));
  if (room === rooms.current) log.draw();
}

async function attempt(event, payload) {
  try {
    return await request(event, payload);
  } catch (problem) {
    toast(problem instanceof Refusal ? problem.message : "The server did not answer.");
    return null;
  }
}

// Receipts

function isReading(room) {
  return room === rooms.current && document.visibilityState === "visible";
}

function noteRead() {
  const room = rooms.current;
  if (!room || !isReading(room)) return;
  if (room.unread) {
    room.unread = 0;
    drawRooms(rooms);
  }
  const newest = room.newestId();
  if (newest && room.loaded && !room.isReadUpTo(newest, you)) {
    room.receipts[you] = { delivered: newest, read: newest };
    request("read", { room: room.slug, up_to: newest }).catch(() => {
      delete room.receipts[you];  // sent again after the next message or connection
    });
  }
}

// Sending

const pending = new Map();  // client_id -> the message to send

function send(event, content, shown) {
  const room = rooms.current;
  if (!room) return;
  const clientId = newId();
  const message = {
    client_id: clientId,
    author: you,
    text: content.text,
    image: shown ? { shown } : null,
    sent_at: new Date().toISOString(),
    state: "sending",
  };
  pending.set(clientId, { room, event, message, payload: { room: room.slug, client_id: clientId, ...content } });
  room.merge(message);
  log.draw();
  log.toEnd();
  deliver(clientId);
}

async function deliver(clientId) {
  const { room, event, message, payload } = pending.get(clientId);
  try {
    const answer = await request(event, payload);
    pending.delete(clientId);
    room.merge(answer.message);
  } catch (problem) {
    if (problem instanceof Refusal) toast(problem.message);
    // The broadcast may have arrived even if the acknowledgement did not.
    if (!message.id) message.state = "failed";
  }
  if (room === rooms.current) log.draw();
  drawRooms(rooms);
}

function retry(clientId) {
  const found = pending.get(clientId);
  if (!found) return;
  found.message.state = "sending";
  log.draw();
  deliver(clientId);
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Events of the server

socket.on("welcome", ({ online, rooms: list, joinable }) => {
  rooms.online = new Set(online);
  rooms.update(list, joinable);
  // Rooms that are not visible load missed messages when they are opened.
  for (const room of rooms.all.values()) {
    if (room !== rooms.current) {
      room.loaded = false;
      room.messages = room.messages.filter((m) => !m.id);
    }
  }
  if (rooms.current) {
    drawRooms(rooms);
    load(rooms.current).then(noteRead);
  } else {
    const room = wantedRoom();
    if (room) openRoom(room);
    else drawRooms(rooms);
  }
});

socket.on("rooms", ({ rooms: list, joinable }) => {
  rooms.update(list, joinable);
  drawRooms(rooms);
  if (rooms.current) load(rooms.current);
});

socket.on("message", ({ room: slug, message }) => {
  const room = rooms.all.get(slug);
  if (!room) return;
  if (message.image?.data) {
    const { data, ...image } = message.image;
    message.image = { ...image, shown: URL.createObjectURL(new Blob([data], { type: image.type })) };
  }
  const isNewer = message.id > room.newestId();  // not included in the server's number
  const isNew = room.merge(message);
  stopTyping(room, message.author);
  if (isNew && isNewer && message.author !== you && !isReading(room)) room.unread += 1;
  if (room === rooms.current) {
    log.draw();
    if (isNew) log.announceNew();
  }
  drawRooms(rooms);
});

socket.on("confirm", ({ room: slug, id }, answer) => {
  const room = rooms.all.get(slug);
  const reading = room && isReading(room) && room.loaded;
  if (reading) room.receipts[you] = { delivered: id, read: id };
  answer(reading ? "read" : "delivered");
});

socket.on("receipt", ({ room: slug, user, delivered, read }) => {
  const room = rooms.all.get(slug);
  if (!room) return;
  room.receipts[user] = { delivered, read };
  if (user === you && read >= room.newestId()) room.unread = 0; // read in another tab
  if (room === rooms.current) {
    drawPeople(room, rooms.online);
    log.draw();
  }
  drawRooms(rooms);
});

socket.on("typing", ({ room: slug, user, active }) => {
  const room = rooms.all.get(slug);
  if (!room || user === you) return;
  stopTyping(room, user);
  if (active) room.typing.set(user, setTimeout(() => stopTyping(room, user), TYPING_LASTS));
  if (room === rooms.current) drawTyping(room);
});

function stopTyping(room, user) {
  clearTimeout(room.typing.get(user));
  room.typing.delete(user);
  if (room === rooms.current) drawTyping(room);
}

socket.on("presence", ({ user, online }) => {
  if (online) rooms.online.add(user);
  else rooms.online.delete(user);
  if (rooms.current) drawPeople(rooms.current, rooms.online);
});

// The page

watchSidebar({
  onRoom: (slug) => openRoom(rooms.all.get(slug)),
  onJoin: async (slug) => {
    if (await attempt("join_room", { room: slug })) openRoom(rooms.all.get(slug));
  },
});
watchComposer({
  onText: (text) => send("chat_message", { text }),
  onImage: async (blob, text) =>
    send("chat_image", { text, image: await blob.arrayBuffer() }, URL.createObjectURL(blob)),
  onTyping: (active) =>
    rooms.current && socket.volatile.emit("typing", { room: rooms.current.slug, active }),
  onProblem: toast,
});
document.querySelectorAll(".me .avatar").forEach((node) => drawAvatar(node, you));

const switchPolling = document.getElementById("polling-only");
switchPolling.checked = pollingOnly;
switchPolling.addEventListener("change", () => {
  const address = new URL(location);
  if (switchPolling.checked) address.searchParams.set("transport", "polling");
  else address.searchParams.delete("transport");
  location.assign(address);
});

watchConnection(drawConnection);
watchClock(drawClock);
socket.connect();
