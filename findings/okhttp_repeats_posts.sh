#!/usr/bin/env bash
# An event of the Java client of Socket.IO can reach a server twice over polling: OkHttp sends a POST a
# second time, silently, when a reused connection is reset after the server has read the whole request.
#
# Guess: a POST, which is not idempotent, is repeated only if it cannot have arrived; otherwise the
# client learns of the error. But OkHttp's retryOnConnectionFailure, which is on by default, repeats any
# request whose body it can write again, if the connection has served one before. The event arrives
# twice within one session, so that no server can tell the copy from another event.
#
#   findings/okhttp_repeats_posts.sh
#
# Seen with socket.io-client 2.1.2 (engine.io-client 2.1.0, OkHttp 3.12.12) on Java 17.0.15. The server
# is a small one of Python, which resets the connection of the first POST with an event:
#   default: POST of the event arrived 2 times; the client: heard the answer
#   retryOnConnectionFailure(false): POST of the event arrived 1 times; the client: transport error
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId>
  <artifactId>okhttp</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.socket</groupId>
      <artifactId>socket.io-client</artifactId>
      <version>2.1.2</version>
    </dependency>
  </dependencies>
</project>
END
mvn --quiet --batch-mode --strict-checksums \
  org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
  -DoutputDirectory="$folder/jars" >maven || {
  cat maven
  exit 1
}
cat >server.py <<'END'
import json
import queue
import socket
import struct
import threading

OPEN = {"sid": "s", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000}
polls = queue.Queue()  # what the next polls get
events = 0


def answer(head, body):
    """The body of the response, or None to reset the connection."""
    global events
    if head.startswith(b"GET"):
        return polls.get() if b"sid=" in head.split(b"\r\n")[0] else "0" + json.dumps(OPEN)
    if body.startswith(b"40"):
        polls.put('40{"sid":"t"}')
    if body.startswith(b"42"):
        events += 1
        print("event", flush=True)
        if events == 1:
            return None
        polls.put('42["heard"]')
    return "ok"


def serve(connection):
    reader = connection.makefile("rb")
    while line := reader.readline():
        head = line
        length = 0
        while (line := reader.readline()) not in (b"\r\n", b""):
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        text = answer(head, reader.read(length))
        if text is None:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            reader.close()
            connection.close()
            return
        connection.sendall(
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n"
            f"Content-Type: text/plain; charset=UTF-8\r\n\r\n{text}".encode()
        )


listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
END
cat >Client.java <<'END'
import io.socket.client.IO;
import io.socket.client.Socket;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;

public class Client {
  public static void main(String[] args) throws Exception {
    IO.Options options =
        IO.Options.builder().setTransports(new String[] {"polling"}).setReconnection(false).build();
    if (args[1].startsWith("retry")) {
      options.callFactory = new OkHttpClient.Builder().retryOnConnectionFailure(false).build();
    }
    CompletableFuture<String> outcome = new CompletableFuture<>();
    Socket socket = IO.socket(URI.create(args[0]), options);
    socket.once(Socket.EVENT_CONNECT, ignored -> socket.emit("say", 1));
    socket.on("heard", ignored -> outcome.complete("heard the answer"));
    socket.on(Socket.EVENT_DISCONNECT, reason -> outcome.complete((String) reason[0]));
    socket.connect();
    System.out.println(outcome.get(20, TimeUnit.SECONDS));
    System.exit(0);  // the client's threads do not end on their own
  }
}
END
for how in 'default' 'retryOnConnectionFailure(false)'; do
  "${PYTHON:-python3}" server.py >arrived &
  for _ in $(seq 100); do
    grep -q '^port' arrived && break
    sleep 0.1
  done
  port="$(sed -n 's/^port //p' arrived)"
  outcome="$(java -cp 'jars/*' Client.java "http://127.0.0.1:$port" "$how")"
  echo "$how: POST of the event arrived $(grep -c '^event' arrived) times; the client: $outcome"
done | tee seen
diff - seen <<'END'
default: POST of the event arrived 2 times; the client: heard the answer
retryOnConnectionFailure(false): POST of the event arrived 1 times; the client: transport error
END
