# Steps that scripts/setup and scripts/demo share. Each skips what is already done.

# What compiling sioserve needs.
build_packages=(
  g++ cmake ninja-build pkg-config ca-certificates python3 python3-dev python3-venv
  libuv1-dev libwslay-dev libhiredis-dev libnghttp2-dev nlohmann-json3-dev libssl-dev zlib1g-dev
)

# side_by_side FUNCTION...: runs them at the same time, because they mostly wait for downloads.
side_by_side() {
  local step pids=() failed=()
  for step in "$@"; do
    ("$step") &
    pids+=("$!")
  done
  for step in "$@"; do
    wait "${pids[0]}" || failed+=("$step")
    pids=("${pids[@]:1}")
  done
  [ ${#failed[@]} -eq 0 ] || fail "failed: ${failed[*]}"
}

# install_system_packages PACKAGE...
install_system_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing system packages: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "system packages are missing; run this as root once"
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

make_virtual_environment() {
  local version
  version="$("$python" -c 'import sys; print(sys.version)')"
  if [ ! -x "$bin/python" ] || ! up_to_date python "$version"; then
    say "making .venv with $python"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    done_for python "$version"
  fi
}

# install_python_packages NAME: those of requirements/NAME.txt.
install_python_packages() {
  local wanted
  wanted="$(hash_of requirements)"
  up_to_date "requirements-$1" "$wanted" && return 0
  say "installing requirements/$1.txt into .venv"
  pip_install -r "requirements/$1.txt"
  done_for "requirements-$1" "$wanted"
}

pip_install() {
  "$bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# install_npm_packages FOLDER...
install_npm_packages() {
  local folder wanted
  for folder in "$@"; do
    [ -f "$folder/package-lock.json" ] || continue
    wanted="$(hash_of "$folder/package-lock.json")"
    if [ ! -d "$folder/node_modules" ] || ! up_to_date "npm-${folder//\//-}" "$wanted"; then
      say "installing npm packages into $folder/node_modules"
      (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
      done_for "npm-${folder//\//-}" "$wanted"
    fi
  done
}

# The JavaScript client of Socket.IO, which the server serves at /socket.io/socket.io.js.
copy_socketio_client() {
  local client=python/sioserve/client file
  for file in socket.io.js socket.io.min.js socket.io.esm.min.js socket.io.msgpack.min.js; do
    for file in "$file" "$file.map"; do
      cmp -s "node_modules/socket.io-client/dist/$file" "$client/$file" && continue
      mkdir -p "$client"
      cp "node_modules/socket.io-client/dist/$file" "$client/$file"
    done
  done
}

fetch_llhttp() {
  [ -d build/llhttp ] && return 0
  # Some systems have it as a library.
  [ -f /usr/include/llhttp.h ] && return 0
  say "fetching llhttp's sources"
  rm -rf build/llhttp.part
  "$bin/python" scripts/fetch_llhttp.py build/llhttp.part
  mv build/llhttp.part build/llhttp
}

# The hash of what sioserve is built from.
hash_of_sioserve() {
  hash_of CMakeLists.txt cmake pyproject.toml server socketio asgi-bridge python docs LICENSE
}

# install_sioserve STAMP [PIP'S OPTION...]: the stamp says how it was built.
install_sioserve() {
  local stamp="$1" wanted
  shift
  # Together with the program that the executable may contain.
  wanted="$(hash_of_sioserve) $(stat -L -c '%s %Y' "$bin/python")"
  up_to_date "$stamp" "$wanted" && return 0
  say "building sioserve and installing it into .venv"
  rm -f "$stamps"/sioserve*
  pip_install --no-build-isolation --no-deps --force-reinstall \
    --config-settings=cmake.define.LLHTTP_SOURCE_DIR="$(llhttp_source)" "$@" .
  done_for "$stamp" "$wanted"
}
