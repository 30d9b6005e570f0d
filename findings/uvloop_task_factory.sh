#!/usr/bin/env bash
# uvloop 0.23.0 on Python 3.13.0 calls task factories with eager_start, which the documented
# signature of that Python does not have: asyncio.eager_task_factory itself raises TypeError.
#
# asyncio's documentation of 3.13 gives a factory the signature `(loop, coro, context=None)`. Guess: a
# factory with this signature works on every loop, and so does asyncio's own. asyncio's loop calls it
# with the loop and the coroutine, and the context where one is given; uvloop passes `context` and
# `eager_start` always. Only a factory that takes **kwargs works on both.
#
#   findings/uvloop_task_factory.sh            with python3.13
#   PYTHON=... findings/uvloop_task_factory.sh with another 3.13
#
# Seen with CPython 3.13.0 and uvloop 0.23.0 on Linux x86_64:
#   asyncio: documented works, kwargs works, eager works
#   uvloop: documented TypeError, kwargs works, eager TypeError
# Exits with 1 when that has changed, with 2 where there is no Python 3.13.
set -euo pipefail
python="${PYTHON:-python3.13}"
command -v "$python" >/dev/null || { echo "no $python: set PYTHON" >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
cat >"$folder/factories.py" <<'END'
import asyncio
import sys

import uvloop


def documented(loop, coro, context=None):
    return asyncio.Task(coro, loop=loop, context=context)


def kwargs(loop, coro, **options):
    return asyncio.Task(coro, loop=loop, **options)


FACTORIES = {"documented": documented, "kwargs": kwargs, "eager": asyncio.eager_task_factory}


async def answer():
    return 42


async def main():
    loop = asyncio.get_running_loop()
    found = []
    for name, factory in FACTORIES.items():
        loop.set_task_factory(factory)
        coro = answer()
        try:
            outcome = "works" if await loop.create_task(coro) == 42 else "is wrong"
        except TypeError:
            coro.close()
            outcome = "TypeError"
        loop.set_task_factory(None)
        found.append(f"{name} {outcome}")
    return ", ".join(found)


print("python", sys.version.split()[0], "uvloop", uvloop.__version__, file=sys.stderr)
print("asyncio:", asyncio.run(main()))
print("uvloop:", uvloop.run(main()))
END
seen="$("$folder/venv/bin/python" "$folder/factories.py")"
printf '%s\n' "$seen"
expected='asyncio: documented works, kwargs works, eager works
uvloop: documented TypeError, kwargs works, eager TypeError'
if [ "$seen" != "$expected" ]; then
  echo "this has changed" >&2
  exit 1
fi
