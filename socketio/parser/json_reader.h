// JSON (RFC 8259) from a peer that is not trusted.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/value_budget.h"

namespace sioserve::parser {

// A number beyond a double, which Python's integers may be, is an error or infinity.
enum class HugeNumbers { refused, infinite };

// One JSON text, nothing after it. Fails with bad_json, with too_deep when arrays and objects are
// nested deeper than `max_depth`, or with too_many_values when they go beyond `budget`. An escaped
// surrogate without its other half, which browsers send for a string cut within a character, is
// read as U+FFFD.
Result<Json, DecodeError> read_json(std::string_view text, std::size_t max_depth,
                                    ValueBudget& budget, HugeNumbers huge = HugeNumbers::refused);

}  // namespace sioserve::parser
