# Shared by the scripts in this folder: names of folders and shell functions.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
bin="$venv/bin"
stamps="$venv/stamps"

# Checkouts at different paths share the compiler cache.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1

say() {
  printf '\033[1m==>\033[0m %s\n' "$*"
}

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# print_help: the comment at the top of the script that runs.
print_help() {
  awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
}

# no_arguments "$@": fails for any argument.
no_arguments() {
  [ $# -eq 0 ] || fail "$(basename "$0") takes no argument, but got $1; --help explains it"
}

# hash_of PATH...: a hash of the names and contents of all files there.
hash_of() {
  (cd "$root" && find "$@" -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# up_to_date STAMP HASH: whether the step was last done for this hash.
up_to_date() {
  [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]
}

done_for() {
  mkdir -p "$stamps"
  printf '%s\n' "$2" >"$stamps/$1"
}

# configure PRESET: CMake's first run for build/PRESET, with the virtual environment's Python.
configure() {
  [ -f "$root/build/$1/build.ninja" ] || (
    cd "$root"
    cmake --preset "$1" -DPython_EXECUTABLE="$bin/python" -DLLHTTP_SOURCE_DIR="$(llhttp_source)" \
      >"$root/build/configure-$1.log" 2>&1 || {
      cat "$root/build/configure-$1.log" >&2
      fail "CMake could not configure build/$1"
    }
  )
}

# The folder of the fetched llhttp; empty if the system has llhttp.
llhttp_source() {
  if [ -d "$root/build/llhttp" ]; then printf '%s' "$root/build/llhttp"; fi
}

# work_folder: sets $folder to $FOLDER, or to a new one that is removed at the end.
work_folder() {
  if [ -n "${FOLDER:-}" ]; then
    mkdir -p "$FOLDER"
    folder="$(cd "$FOLDER" && pwd)"
  else
    folder="$(mktemp -d)"
    trap 'rm -rf "$folder"' EXIT
  fi
}

# install_apart NAME: the packages of requirements/NAME.txt into $folder/NAME-packages.
install_apart() {
  [ ! -d "$folder/$1-packages" ] || return 0
  say "installing requirements/$1.txt"
  "$bin/python" -m pip install --quiet --disable-pip-version-check \
    --target "$folder/$1-packages.part" -r "$root/requirements/$1.txt"
  mv "$folder/$1-packages.part" "$folder/$1-packages"
}

# The folder of the newest pg_ctl; empty if PostgreSQL is not installed.
postgresql_programs() {
  [ ! -d /usr/lib/postgresql ] || find /usr/lib/postgresql -name pg_ctl -printf '%h\n' | sort -V | tail -1
}

# python_of VERSION: the path of an interpreter such as python3.13, from PATH or pyenv; empty if none.
python_of() {
  local python
  for python in "$(command -v "python$1")" "$HOME/.pyenv/versions/${1%t}".*/bin/"python$1"; do
    # pyenv's commands for versions that are not chosen only fail.
    if [ -x "$python" ] && "$python" -c '' 2>/dev/null; then
      printf '%s' "$python"
      return
    fi
  done
}

# Sourced without arguments, this file sees those of the script. Benchmarks explain their options themselves.
if [ "$(basename "$0")" != bench ] && [[ "${1:-}" =~ ^(-h|--help)$ ]]; then
  print_help
  exit
fi
