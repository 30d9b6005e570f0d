#!/usr/bin/env bash
# A task awaits sync_to_async(outer), outer calls async_to_sync(inner), and the task is cancelled in
# the moment before inner begins. The task gets its CancelledError while outer goes on. From then on,
# sync_to_async() of this task (its clean-up: closing a response, a signal, a database connection)
# runs within outer, while outer waits for inner, although outer has the task's only thread. When
# inner has ended, each further one raises RuntimeError in asgiref 3.11 and newer.
#
# Guess: in a ThreadSensitiveContext, calls of sync_to_async() have one thread and follow each other.
# So clean-up begins when outer has ended, or fails at once; it does not run in its middle.
#
# The cause: the cancelled call copies the thread's context variables to the task, and with them the
# executor of outer's async_to_sync(), which is for what inner calls.
#
#   findings/asgiref_cancelled_call_keeps_its_executor.sh
#
# The moment is made certain here: a callback of the event loop cancels, and waits until the thread
# has queued inner. On a busy server clients that leave do it, about once in some ten thousand
# requests.
#
# Seen with Python 3.11.2:
#   asgiref 3.8.1: cancelled, clean-up, outer ends, second clean-up
#   asgiref 3.11.1: cancelled, clean-up, outer ends, RuntimeError: CurrentThreadExecutor already quit or is broken
#   asgiref 3.13.0: cancelled, clean-up, outer ends, RuntimeError: CurrentThreadExecutor already quit or is broken
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
cat >"$folder/cancel.py" <<'END'
import asyncio
import importlib.metadata
import threading
import time

from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async

ORDER = []


async def inner():
    await sync_to_async(lambda: None)()
    for _ in range(50):
        await asyncio.sleep(0.002)


async def request(may_go_on):
    def outer():
        loop_thread.call_soon_threadsafe(cancel_before_inner_begins)
        may_go_on.wait()
        async_to_sync(inner)()
        ORDER.append("outer ends")

    loop_thread = asyncio.get_running_loop()
    task = asyncio.current_task()

    def cancel_before_inner_begins():
        task.cancel()
        waiting = len(loop_thread._ready)
        may_go_on.set()
        while len(loop_thread._ready) == waiting:
            time.sleep(0)

    async with ThreadSensitiveContext():
        try:
            await sync_to_async(outer)()
        except asyncio.CancelledError:
            ORDER.append("cancelled")
        await sync_to_async(lambda: ORDER.append("clean-up"))()
        while "outer ends" not in ORDER:
            await asyncio.sleep(0.01)
        try:
            await sync_to_async(lambda: ORDER.append("second clean-up"))()
        except RuntimeError as error:
            ORDER.append(f"RuntimeError: {error}")


asyncio.run(request(threading.Event()))
print(f"asgiref {importlib.metadata.version('asgiref')}: {', '.join(ORDER)}")
END
for version in 3.8.1 3.11.1 3.13.0; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "asgiref==$version"
  "$folder/venv/bin/python" "$folder/cancel.py"
done | tee "$folder/seen"
diff - "$folder/seen" <<'END'
asgiref 3.8.1: cancelled, clean-up, outer ends, second clean-up
asgiref 3.11.1: cancelled, clean-up, outer ends, RuntimeError: CurrentThreadExecutor already quit or is broken
asgiref 3.13.0: cancelled, clean-up, outer ends, RuntimeError: CurrentThreadExecutor already quit or is broken
END
