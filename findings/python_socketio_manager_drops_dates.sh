#!/usr/bin/env bash
# A Celery task emits a datetime through python-socketio's RedisManager(write_only=True). The event is
# lost: emit() returns as usual, and the log says "Cannot publish to redis... giving up", though Redis
# is there and takes the next event.
#
# Guess: emit() raises TypeError, as json.dumps() does for a datetime.
#
# The cause: the manager encodes the message within the loop that tries to publish again after an
# error, and takes the TypeError for an error of Redis: it connects once more, tries again, and gives
# up.
#
#   findings/python_socketio_manager_drops_dates.sh
#
# Needs redis-server. Seen with python-socketio 5.18.1 and redis-py 8.1.0, Python 3.11, Redis 7.0:
#   datetime: emit() returned; log: Cannot publish to redis... retrying, Cannot publish to redis... giving up
#   text: emit() returned; log: nothing
#   events on the channel: 1
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-socketio==5.18.1 redis==8.1.0
redis-server --port 0 --unixsocket "$folder/redis" --save "" >/dev/null &
server=$!
cat >"$folder/emit.py" <<'END'
import datetime
import importlib.metadata
import logging
import platform
import sys
import time

import redis
import socketio

url = f"unix://{sys.argv[1]}"
lines = []
handler = logging.Handler()
handler.emit = lambda record: lines.append(record.getMessage())
logging.getLogger("socketio").addHandler(handler)

client = redis.Redis.from_url(url)
deadline = time.monotonic() + 10
while True:
    try:
        client.ping()
        break
    except redis.ConnectionError:
        if time.monotonic() > deadline:
            raise
subscriber = client.pubsub(ignore_subscribe_messages=True)
subscriber.subscribe("socketio")
subscriber.get_message(timeout=5)  # the confirmation

versions = ("python-socketio", "redis")
print(*(f"{name} {importlib.metadata.version(name)}" for name in versions), sep=", ", end=", ")
print(f"Python {platform.python_version()}, Redis {client.info()['redis_version']}")
manager = socketio.RedisManager(url, write_only=True)
logs = []
for name, value in (("datetime", datetime.datetime(2026, 1, 1)), ("text", "hello")):
    lines.clear()
    manager.emit("news", value)
    print(f"{name}: emit() returned; log: {', '.join(lines) or 'nothing'}")
    logs.append(list(lines))
events = 0
while subscriber.get_message(timeout=2) is not None:
    events += 1
print(f"events on the channel: {events}")
gives_up = any("giving up" in line for line in logs[0])
sys.exit(0 if gives_up and not logs[1] and events == 1 else 1)
END
"$folder/venv/bin/python" "$folder/emit.py" "$folder/redis"
