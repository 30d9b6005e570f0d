// Python objects as JSON, with bytes as Socket.IO attachments.
#pragma once

#include <optional>
#include <string>

#include "asgi-bridge/python.h"
#include "server/port/event_args.h"

namespace sioserve::bridge {

// Encodes a sequence of event arguments as JSON (RFC 8259, UTF-8); bytes, bytearray and memoryview
// become placeholders. Anything that is no JSON value goes through `json_default` (a callable, or
// null), whose result is encoded in its place. Nullopt with TypeError or ValueError set, naming the
// path to the value, for what can't be encoded: other types, NaN and infinities, lone surrogates,
// keys that are not str, int, float, bool or None, and nesting deeper than 200.
std::optional<EncodedArgs> encode_args(const Gil& gil, PyObject* args, PyObject* json_default);

// The same for one value that may hold no attachments.
std::optional<std::string> encode_json(const Gil& gil, PyObject* value, PyObject* json_default);

}  // namespace sioserve::bridge
