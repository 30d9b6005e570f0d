#!/usr/bin/env bash
# The Python client of Socket.IO with threads handles each message in a thread of its own: handlers of
# one connection run at the same time, and a binary event can lose its bytes and get the text of the
# next event in their place.
#
# Guess: events are handled in the order in which the server emits them, one after the other, as the
# JavaScript client does, and at least the bytes of an event stay with it. But python-engineio starts a
# thread for each message, an attachment is a message of its own, and whichever thread comes first is
# believed. On a busy machine that is sometimes the wrong one. The asyncio client's handlers run at the
# same time, too, but they start in order and bytes stay with their event.
#
#   findings/python_sync_client_order.sh
#
# To leave nothing to chance, threads wait for each other, for five seconds at most. The handler of
# "first" waits until that of "second" has run. The JSON parser (the client's option `json`) waits at
# the event "picture" until the thread of its attachment has ended. A client that handled one message
# after the other would pass both.
#
# Seen with python-socketio 5.18.1 and python-engineio 4.15.1 on Python 3.11.2:
#   Client polling: "second" was handled during "first"; the bytes of "picture" are '2["after"]'
#   Client websocket: "second" was handled during "first"; the bytes of "picture" are '2["after"]'
#   AsyncClient polling: "second" was handled during "first"; the bytes of "picture" are b'\x01\x02'
#   AsyncClient websocket: "second" was handled during "first"; the bytes of "picture" are b'\x01\x02'
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-socketio==5.18.1 \
  python-engineio==4.15.1 requests==2.32.5 websocket-client==1.9.0 aiohttp==3.13.2 \
  uvicorn==0.54.0 websockets==15.0.1
cat >server.py <<'END_OF_FILE'
import socket

import socketio
import uvicorn

sio = socketio.AsyncServer(async_mode="asgi")


@sio.event
async def emit(sid, events):
    for event, *args in events:
        await sio.emit(event, tuple(args), to=sid)


@sio.event
async def emit_picture(sid):
    await sio.emit("picture", b"\x01\x02", to=sid)


with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(socketio.ASGIApp(sio), log_level="error")
    uvicorn.Server(config).run([listening])
END_OF_FILE
cat >client.py <<'END_OF_FILE'
import asyncio
import json
import queue
import sys
import threading

import socketio

kind, transport, port = sys.argv[1:]
url = f"http://127.0.0.1:{port}"
PATIENCE = 5  # seconds

attachment_ended = threading.Event()
parsing = queue.Queue()
threading.excepthook = lambda args: attachment_ended.set()


class Json:
    dumps = staticmethod(json.dumps)

    @staticmethod
    def loads(text, **options):
        if "picture" in text:
            parsing.put(threading.current_thread())
            attachment_ended.wait(PATIENCE)
        return json.loads(text, **options)


def report(second_came, picture):
    when = "during" if second_came else "after"
    print(f'{kind} {transport}: "second" was handled {when} "first"; ', end="")
    print(f'the bytes of "picture" are {picture!r}')


def with_threads():
    client = socketio.Client(json=Json)
    second = threading.Event()
    waited = queue.Queue()
    pictures = queue.Queue()
    client.on("first", lambda: waited.put(second.wait(PATIENCE)))
    client.on("second", second.set)
    client.on("picture", pictures.put)
    client.on("after", lambda: None)
    client.connect(url, transports=[transport])
    client.emit("emit", [["first"], ["second"]])
    second_came = waited.get(timeout=2 * PATIENCE)
    client.emit("emit_picture")
    parser = parsing.get(timeout=PATIENCE)
    if threading.current_thread() is not parser:
        parser.join(2 * PATIENCE)
    client.emit("emit", [["after"]])
    report(second_came, pictures.get(timeout=2 * PATIENCE))
    client.disconnect()


async def with_asyncio():
    client = socketio.AsyncClient(json=Json)
    second = asyncio.Event()
    waited = asyncio.Queue()
    pictures = asyncio.Queue()

    async def first():
        try:
            await asyncio.wait_for(second.wait(), PATIENCE)
        except asyncio.TimeoutError:
            pass
        waited.put_nowait(second.is_set())

    client.on("first", first)
    client.on("second", second.set)
    client.on("picture", pictures.put)
    await client.connect(url, transports=[transport])
    await client.emit("emit", [["first"], ["second"]])
    second_came = await asyncio.wait_for(waited.get(), 2 * PATIENCE)
    await client.emit("emit_picture")
    report(second_came, await asyncio.wait_for(pictures.get(), 3 * PATIENCE))
    await client.disconnect()


if kind == "Client":
    with_threads()
else:
    asyncio.run(with_asyncio())
END_OF_FILE
venv/bin/python server.py >port &
for _ in $(seq 300); do
  [ -s port ] && break
  sleep 0.1
done
for kind in Client AsyncClient; do
  for transport in polling websocket; do
    timeout 60 venv/bin/python client.py "$kind" "$transport" "$(cat port)"
  done
done | tee seen
diff - seen <<'END_OF_FILE'
Client polling: "second" was handled during "first"; the bytes of "picture" are '2["after"]'
Client websocket: "second" was handled during "first"; the bytes of "picture" are '2["after"]'
AsyncClient polling: "second" was handled during "first"; the bytes of "picture" are b'\x01\x02'
AsyncClient websocket: "second" was handled during "first"; the bytes of "picture" are b'\x01\x02'
END_OF_FILE
