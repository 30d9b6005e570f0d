// Echo, broadcasts, relays and a handler that computes, on Node's socket.io:
// node node_server.mjs PORT [PING_INTERVAL in seconds]
// Without `scripts/setup --bench`, the package is that of the tests.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const own = existsSync(new URL("node_modules", import.meta.url));
const tests = new URL("../../tests/blackbox/js/package.json", import.meta.url);
const { Server } = createRequire(own ? import.meta.url : tests)("socket.io");

const io = new Server({ serveClient: false, pingInterval: Number(process.argv[3] ?? 25) * 1000 });

function join(socket) {
  if (socket.handshake.auth.room) socket.join(socket.handshake.auth.room);
}

io.on("connection", (socket) => {
  join(socket);
  socket.on("echo", (text, answer) => answer(text));
  socket.on("all", (text) => io.emit("news", text));
  socket.on("room", (room, text) => io.to(room).emit("news", text));
  socket.on("burn", (seconds, answer) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end);
    answer(seconds);
  });
});

io.of("/relay").on("connection", (socket) => {
  join(socket);
  socket.on("move", (text) => {
    const rooms = [...socket.rooms].filter((room) => room !== socket.id);
    socket.to(rooms).emit("move", text);
  });
});
io.listen(Number(process.argv[2]));
