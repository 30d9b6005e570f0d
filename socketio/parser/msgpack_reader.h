// MessagePack from a peer that is not trusted, in the dialect of npm's notepack.io, which the
// clients of socket.io-msgpack-parser speak.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/value_budget.h"

namespace sioserve::parser {

// One value, nothing after it. Fails with bad_msgpack, with too_deep when arrays and maps are
// nested deeper than `max_depth`, or with too_many_values or too_many_attachments when they go
// beyond `budget`.
//
// What JSON does not have becomes what JSON.stringify makes of it, so that handlers see the same
// with both parsers: NaN and infinities are null, undefined is null in an array and absent in a
// map, a Date is a string. Keys are strings. An extension of a type above 0 is an array of its
// number and its bytes.
Result<Json, DecodeError> read_msgpack(std::string_view bytes, std::size_t max_depth,
                                       ValueBudget& budget);

}  // namespace sioserve::parser
