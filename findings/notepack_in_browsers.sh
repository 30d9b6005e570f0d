#!/usr/bin/env bash
# The MessagePack parser of socket.io encodes the same values otherwise in browsers than in Node, and
# some numbers as other numbers, without an error.
#
# socket.io-msgpack-parser 3.0.2 uses notepack.io 2.2.0, whose package.json has other files for
# bundlers that build for browsers. Guess: a Uint8Array arrives as bytes from both, and a number that
# does not fit an integer of 64 bits is sent as a float. In browsers a typed array is sent as a map from
# its indices to its elements; only an ArrayBuffer is sent as bytes. 2 ** 64 and -(2 ** 64) arrive as 0
# from both.
#
#   findings/notepack_in_browsers.sh
#
# Seen with Node 20.20.2: what the script compares with at its end.
# Exits with 1 when that has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit socket.io-msgpack-parser@3.0.2 notepack.io@2.2.0
cat >encode.js <<'END'
const path = require("path");
const folder = path.dirname(require.resolve("notepack.io/package.json"));
const files = require(path.join(folder, "package.json")).browser;
const decode = require("notepack.io").decode;
const encoders = {
  node: require("notepack.io").encode,
  browser: require(path.join(folder, files["./lib/encode.js"])),
};
const values = {
  "Uint8Array [7, 8]": new Uint8Array([7, 8]),
  "Uint16Array [300]": new Uint16Array([300]),
  "ArrayBuffer of 7, 8": new Uint8Array([7, 8]).buffer,
  "2 ** 63": 2 ** 63,
  "2 ** 64": 2 ** 64,
  "-(2 ** 64)": -(2 ** 64),
};
for (const [name, value] of Object.entries(values)) {
  for (const [where, encode] of Object.entries(encoders)) {
    const bytes = Buffer.from(encode(value));
    const back = decode(bytes);
    const isBytes = back instanceof ArrayBuffer || Buffer.isBuffer(back);
    const shown = isBytes ? [...new Uint8Array(back)] : back;
    const type = isBytes ? "bytes" : typeof back;
    console.log(`${name} in ${where}: ${bytes.toString("hex")}, ${type} ${JSON.stringify(shown)}`);
  }
}
END
node encode.js | tee seen
diff - seen <<'END'
Uint8Array [7, 8] in node: c702000708, bytes [7,8]
Uint8Array [7, 8] in browser: 82a13007a13108, object {"0":7,"1":8}
Uint16Array [300] in node: c702002c01, bytes [44,1]
Uint16Array [300] in browser: 81a130cd012c, object {"0":300}
ArrayBuffer of 7, 8 in node: c702000708, bytes [7,8]
ArrayBuffer of 7, 8 in browser: c4020708, bytes [7,8]
2 ** 63 in node: cf8000000000000000, number 9223372036854776000
2 ** 63 in browser: cf8000000000000000, number 9223372036854776000
2 ** 64 in node: cf0000000000000000, number 0
2 ** 64 in browser: cf0000000000000000, number 0
-(2 ** 64) in node: d30000000000000000, number 0
-(2 ** 64) in browser: d30000000000000000, number 0
END
