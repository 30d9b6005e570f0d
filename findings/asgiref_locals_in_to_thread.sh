#!/usr/bin/env bash
# From asgiref 3.12 on, asyncio.to_thread() no longer shows the values of an asgiref Local, though it
# shows context variables as before. In Django this is the active language: a function that is called
# with asyncio.to_thread() from an async view translates to LANGUAGE_CODE instead of the language that
# the request has.
#
# Guess: a Local is kept in the context, to_thread() runs the function in a copy of the context, so the
# function sees both. So it was up to asgiref 3.11. From 3.12 on a Local also compares the thread.
# sync_to_async() carries Locals over in all versions.
#
#   findings/asgiref_locals_in_to_thread.sh
#
# Seen with Python 3.11.2 and 3.13.0, Django 5.2.19:
#   asgiref 3.11.0: context variable in to_thread: de; language in to_thread: de; in sync_to_async: de
#   asgiref 3.12.1: context variable in to_thread: de; language in to_thread: en-us; in sync_to_async: de
#   asgiref 3.13.0: context variable in to_thread: de; language in to_thread: en-us; in sync_to_async: de
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
pip() { "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"; }
pip Django==5.2.19
cat >"$folder/locals.py" <<'END'
import asyncio
import contextvars
import importlib.metadata

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import translation

settings.configure(LANGUAGE_CODE="en-us", USE_I18N=True)
django.setup()
variable = contextvars.ContextVar("variable", default=None)


async def view():
    variable.set("de")
    translation.activate("de")
    print(
        f"asgiref {importlib.metadata.version('asgiref')}:"
        f" context variable in to_thread: {await asyncio.to_thread(variable.get)};"
        f" language in to_thread: {await asyncio.to_thread(translation.get_language)};"
        f" in sync_to_async: {await sync_to_async(translation.get_language)()}"
    )


asyncio.run(view())
END
for version in 3.11.0 3.12.1 3.13.0; do
  pip "asgiref==$version"
  "$folder/venv/bin/python" "$folder/locals.py"
done | tee "$folder/seen"
diff - "$folder/seen" <<'END'
asgiref 3.11.0: context variable in to_thread: de; language in to_thread: de; in sync_to_async: de
asgiref 3.12.1: context variable in to_thread: de; language in to_thread: en-us; in sync_to_async: de
asgiref 3.13.0: context variable in to_thread: de; language in to_thread: en-us; in sync_to_async: de
END
