// Values as trees, for what is not done for each event that a client sends: MessagePack that is
// written from the application's JSON, relays on servers that speak it, and tests.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/port/event_args.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/json_reader.h"
#include "socketio/parser/value_budget.h"

namespace sioserve::parser {

// What JsonReader reads. Integers of more than 64 bits are doubles. Of members with one name all
// are kept: who makes a map of them lets the last one count.
Result<Json, DecodeError> read_json(std::string_view text, std::size_t max_depth,
                                    ValueBudget& budget, HugeNumbers huge = HugeNumbers::refused);

// What MsgpackReader reads; bytes are binary values.
Result<Json, DecodeError> read_msgpack(std::string_view bytes, std::size_t max_depth,
                                       ValueBudget& budget);

// Placeholders are replaced by binary values. A value that is not valid gives a discarded Json.
Json to_tree(const ReceivedValue& value);

// The arguments of an event that has been received, to be sent on.
EncodedArgs to_encoded(ReceivedValue args);

}  // namespace sioserve::parser
