// What the sample project's server must refuse, asked by a client that ignores the page's rules:
// node rules.mjs BASE_URL. Prints one JSON object with the server's answers.

import { io } from "socket.io-client";
import { sessionCookie } from "./login.mjs";

const [baseUrl] = process.argv.slice(2);
const PNG = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const sockets = [];

function client(extraHeaders, transports = ["websocket"]) {
  const socket = io(`${baseUrl}/chat`, {
    transports,
    extraHeaders,
    forceNew: true,
    reconnection: false,
    timeout: 20_000,
  });
  sockets.push(socket);
  return socket;
}

// "connected", or the message of the error.
function outcome(socket) {
  return new Promise((done) => {
    socket.on("connect", () => done("connected"));
    socket.on("connect_error", (error) => done(error.message));
    setTimeout(() => done("no answer"), 20_000).unref();
  });
}

let lastId = 0;
const newId = () => `rules-${String((lastId += 1)).padStart(6, "0")}`;
const inLobby = (extra) => ({ room: "lobby", client_id: newId(), text: "hello", ...extra });

// The reason of a refusal, or "accepted".
async function ask(socket, ...event) {
  try {
    const answer = await socket.timeout(20_000).emitWithAck(...event);
    return answer.ok ? "accepted" : answer.error;
  } catch (error) {
    throw new Error(`no answer to ${event[0]} ${JSON.stringify(event[1])?.slice(0, 100)}`, {
      cause: error,
    });
  }
}

async function main() {
  const cookie = await sessionCookie(baseUrl, "bob", "chat-demo");
  const origin = baseUrl; // browsers always say it, and Channels refuses websockets without
  const bob = client({ cookie, origin });
  const welcomed = new Promise((done) => bob.on("welcome", done));
  const seen = { connect: {}, refused: {}, accepted: {} };

  seen.connect.bob = await outcome(bob);
  if (seen.connect.bob !== "connected") throw new Error(`bob: ${seen.connect.bob}`);
  seen.connect.bobPolling = await outcome(client({ cookie }, ["polling"]));
  seen.connect.anonymous = await outcome(client({ origin }));
  seen.connect.anonymousPolling = await outcome(client({}, ["polling"]));
  seen.connect.badCookie = await outcome(client({ cookie: "sessionid=stolen", origin }));
  seen.connect.foreignOrigin = await outcome(client({ cookie, origin: "http://evil.example" }));
  seen.rooms = (await welcomed).rooms.map((room) => room.slug);

  const refused = {
    unknownRoom: ["chat_message", inLobby({ room: "nowhere" })],
    foreignRoom: ["chat_message", inLobby({ room: "backstage" })],
    foreignHistory: ["history", { room: "backstage" }],
    foreignTyping: ["typing", { room: "backstage", active: true }],
    foreignRead: ["read", { room: "backstage", up_to: 1 }],
    closedRoom: ["join_room", { room: "backstage" }],
    noPayload: ["chat_message"],
    textForPayload: ["chat_message", "hello"],
    emptyText: ["chat_message", inLobby({ text: " \n" })],
    longText: ["chat_message", inLobby({ text: "x".repeat(2001) })],
    numberForText: ["chat_message", inLobby({ text: 7 })],
    zeroByte: ["chat_message", inLobby({ text: "a\0b" })],
    badClientId: ["chat_message", inLobby({ client_id: "../../x" })],
    numberForRoom: ["history", { room: 1 }],
    badBefore: ["history", { room: "lobby", before: "1" }],
    hugeBefore: ["history", { room: "lobby", before: 2 ** 70 }],
    trueForId: ["read", { room: "lobby", up_to: true }],
    textForActive: ["typing", { room: "lobby", active: "yes" }],
    scriptAsImage: ["chat_image", inLobby({ image: Buffer.from("<svg onload=alert(1)>") })],
    textAsImage: ["chat_image", inLobby({ image: "iVBORw0KGgo=" })],
    hugeImage: ["chat_image", inLobby({ image: Buffer.concat([PNG, Buffer.alloc(4_000_001)]) })],
  };
  for (const [name, event] of Object.entries(refused)) {
    seen.refused[name] = await ask(bob, ...event);
  }

  seen.accepted.text = await ask(bob, "chat_message", inLobby({}), "an argument too many");
  seen.accepted.image = await ask(bob, "chat_image", inLobby({ image: PNG }));
  seen.accepted.largeImage = await ask(
    bob,
    "chat_image",
    inLobby({ image: Buffer.concat([PNG, Buffer.alloc(3_500_000)]) }),
  );
  seen.accepted.openRoom = await ask(bob, "join_room", { room: "design" });

  // The same message sent twice, as after a lost answer, is stored once.
  const twice = inLobby({ text: "once only" });
  const first = await bob.timeout(20_000).emitWithAck("chat_message", twice);
  const second = await bob.timeout(20_000).emitWithAck("chat_message", twice);
  seen.storedOnce = first.message.id === second.message.id;

  const { messages } = await bob.timeout(20_000).emitWithAck("history", { room: "lobby" });
  seen.copies = messages.filter((message) => message.text === "once only").length;

  // Images and transcripts are for members.
  const url = messages.find((message) => message.image).image.url;
  const status = async (path, headers) =>
    (await fetch(baseUrl + path, { headers, redirect: "manual" })).status;
  seen.http = {
    imageForMember: await status(url, { cookie }),
    imageForAnonymous: await status(url, {}),
    transcriptForMember: await status("/rooms/lobby/transcript.txt", { cookie }),
    transcriptForOutsider: await status("/rooms/backstage/transcript.txt", { cookie }),
    adminForBob: await status("/admin/chat/message/", { cookie }),
  };
  console.log(JSON.stringify(seen));
}

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  sockets.forEach((socket) => socket.disconnect());
}
