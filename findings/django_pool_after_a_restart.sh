#!/usr/bin/env bash
# Django 5.2.19 with psycopg's pool (OPTIONS = {"pool": True}, psycopg-pool 3.3.1): after a restart of
# PostgreSQL each connection that lay in the pool fails one request, unless CONN_HEALTH_CHECKS is on.
#
# Guess: a pool notices that its idle connections have been closed and hands out new ones; the pool keeps
# background workers for that. It checks a connection when it is given back, not when it is taken: Django
# gives the pool a check only with CONN_HEALTH_CHECKS.
#
#   findings/django_pool_after_a_restart.sh       needs Debian's package postgresql
#
# Seen with PostgreSQL 15 on Python 3.11.7, four connections in the pool, eight queries after the restart:
#   without health checks: 4 failed
#   with health checks: 0 failed
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
programs="$(find /usr/lib/postgresql -name pg_ctl -printf '%h\n' | sort -V | tail -1)"
as_user() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
trap 'as_user "$programs/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check Django==5.2.19 'psycopg[binary]==3.3.9' \
  psycopg-pool==3.3.1
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
port="$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
as_user "$programs/initdb" -D "$folder/data" --auth=trust --username=postgres --no-sync >/dev/null
start_options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories="
as_user "$programs/pg_ctl" -D "$folder/data" -w -o "$start_options" -l "$folder/log" start >/dev/null
cat >pooled.py <<'END'
import subprocess
import sys
import threading

import django
from django.conf import settings

port, health_checks, restart = sys.argv[1], sys.argv[2] == "on", sys.argv[3:]
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": port,
            "CONN_HEALTH_CHECKS": health_checks,
            "OPTIONS": {"pool": {"min_size": 4, "max_size": 4}},
        }
    }
)
django.setup()
from django.db import close_old_connections, connection  # noqa: E402

failed = []


def query(meeting=None):
    """As a request does it."""
    close_old_connections()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
            if meeting is not None:
                meeting.wait(30)  # so that all four are in use
    except django.db.OperationalError as error:
        failed.append(error)
    finally:
        close_old_connections()


def together(count, *arguments):
    threads = [threading.Thread(target=query, args=arguments) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


together(4, threading.Barrier(4))
assert not failed
subprocess.run(restart, check=True, stdout=subprocess.DEVNULL)
for _ in range(8):
    together(1)
print(f"{'with' if health_checks else 'without'} health checks: {len(failed)} failed")
connection.close_pool()
END
restart=("$programs/pg_ctl" -D "$folder/data" -w -m fast -o "$start_options" -l "$folder/log" restart)
if [ "$(id -u)" = 0 ]; then restart=(runuser -u postgres -- "${restart[@]}"); fi
for checks in off on; do
  venv/bin/python pooled.py "$port" "$checks" "${restart[@]}" 2>/dev/null | tee -a seen
done
diff - seen <<'END'
without health checks: 4 failed
with health checks: 0 failed
END
