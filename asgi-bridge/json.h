// Python objects as JSON, with bytes as Socket.IO attachments.
#pragma once

#include <optional>
#include <string>

#include "asgi-bridge/python.h"
#include "server/port/event_args.h"

namespace sioserve::bridge {

// Encodes a sequence of event arguments as JSON (RFC 8259, UTF-8); bytes, bytearray and memoryview
// become placeholders. For other types, `json_default` (a callable, or null) is called, and its
// result is encoded instead. Returns nullopt with TypeError or ValueError set, with the path to the
// value, for values that can't be encoded: other types, NaN and infinities, lone surrogates, keys
// that are not str, int, float, bool or None, and nesting deeper than 200.
std::optional<EncodedArgs> encode_args(const Gil& gil, PyObject* args, PyObject* json_default);

// The same for one value without attachments.
std::optional<std::string> encode_json(const Gil& gil, PyObject* value, PyObject* json_default);

}  // namespace sioserve::bridge
