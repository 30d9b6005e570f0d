#!/usr/bin/env bash
# asyncio.wait_for(coroutine): context variables that the coroutine sets are visible to the caller afterwards
# since Python 3.12, and are not in 3.11.
#
# 3.12 awaits the coroutine in the caller's task, 3.11 wraps it in a new task, which has a copy of the
# context. Guess: a time limit around a call does not change what the caller sees, on either version. So a
# language or a tenant that a library activates inside of wait_for() stays active in the caller after an
# upgrade of Python; asgiref's Local (Django's translation) behaves in the same way.
#
#   findings/wait_for_shares_the_context.sh                       with python3
#   PYTHON=python3.13 findings/wait_for_shares_the_context.sh
#
# Seen with asgiref 3.13.0:
#   3.11.7: variable unset, Local unset
#   3.12.1 and 3.13.0: variable inner, Local inner
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check asgiref==3.13.0
cat >seen.py <<'END'
import asyncio
import contextvars
import sys

from asgiref.local import Local

variable = contextvars.ContextVar("variable", default="unset")
local = Local()


async def inner():
    variable.set("inner")
    local.value = "inner"


async def main():
    await asyncio.wait_for(inner(), 10)
    return f"variable {variable.get()}, Local {getattr(local, 'value', 'unset')}"


seen = asyncio.run(main())
expected = "inner" if sys.version_info >= (3, 12) else "unset"
print(f"{sys.version.split()[0]}: {seen}")
sys.exit(seen != f"variable {expected}, Local {expected}")
END
venv/bin/python seen.py
