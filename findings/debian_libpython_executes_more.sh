#!/usr/bin/env bash
# A program that embeds Debian's Python by its shared library executes a seventh more instructions for
# the same Python code than the program python3 of the same package version. One that contains the
# static library of python3-dev is in between.
#
# Guess: libpython3.11.so is the interpreter of python3, so embedding costs some per cent at most
# (calls through the linkage table).
#
# The cause: python3 contains the interpreter, built with link-time optimization and without
# position-independent code. The shared library is compiled apart; the static library has the objects
# of python3 before its link-time optimization.
#
#   findings/debian_libpython_executes_more.sh
#
# Counts the instructions of parsing mail and writing JSON with valgrind's callgrind, as the
# difference of 300 rounds and 100. It needs Debian's python3-dev, gcc and valgrind, and installs
# nothing. Seen:
#   Debian 12, Python 3.11.2: shared library 1.15, static library 1.05 times as many as python3
# Exits with 1 when the shared library executes less than 10 % more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python=/usr/bin/python3
[ -n "$(dpkg-query -W -f '${Version}' libpython3-dev valgrind gcc)" ]
cat >work.py <<'END'
import email
import json
import sys

MAIL = "\n".join(f"Header-{n}: value {n}" for n in range(20)) + "\n\nbody\n"

for _ in range(int(sys.argv[1])):
    message = email.message_from_string(MAIL)
    headers = {name: [value, len(value), None] for name, value in message.items()}
    assert "".join(json.JSONEncoder(indent=1).iterencode(headers))
END
cat >embed.c <<'END'
#include <Python.h>
int main(int count, char **arguments) { return Py_BytesMain(count, arguments); }
END
value() { "$python" -c "import sysconfig; print(sysconfig.get_config_var('$1') or '')"; }
include="$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')"
gcc -O2 -I"$include" embed.c -o shared "-lpython$(value VERSION)"
# shellcheck disable=SC2046  # several words
gcc -O2 -no-pie -I"$include" embed.c -o static -Wl,--export-dynamic \
  "$(value LIBPL)/$(value LIBRARY)" $(value MODLIBS) $(value LIBS) $(value SYSLIBS)

instructions() { # PROGRAM ROUNDS
  PYTHONHASHSEED=0 PYTHONHOME=/usr PYTHONDONTWRITEBYTECODE=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    "$1" work.py "$2" 2>&1 | sed -n 's/.*Collected : //p'
}
per_round() { echo $((($(instructions "$1" 300) - $(instructions "$1" 100)) / 200)); }
own="$(per_round "$python")"
shared="$(per_round ./shared)"
static="$(per_round ./static)"
. /etc/os-release
"$python" - "$PRETTY_NAME" "$own" "$shared" "$static" <<'END'
import platform
import sys

own, shared, static = map(int, sys.argv[2:])
print(
    f"{sys.argv[1]}, Python {platform.python_version()}: shared library {shared / own:.2f}, "
    f"static library {static / own:.2f} times as many as python3 ({own:,})"
)
sys.exit(shared < 1.1 * own)
END
