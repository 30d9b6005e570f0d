// Echo and broadcast on Node's socket.io: node node_server.mjs PORT
import { Server } from "socket.io";

const io = new Server({ serveClient: false });

io.on("connection", (socket) => {
  socket.on("echo", (text, answer) => answer(text));
  socket.on("all", (text) => io.emit("news", text));
});
io.listen(Number(process.argv[2]));
