// Values as trees, for code that does not run for each event of a client: MessagePack from the
// application's JSON, relays on servers with MessagePack, and tests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/port/event_args.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/json_reader.h"
#include "socketio/parser/value_budget.h"

namespace sioserve::parser {

// The result of JsonReader. Integers of more than 64 bits become doubles. Members with equal names
// are all kept; if a map is built from them, the last one counts.
Result<Json, DecodeError> read_json(std::string_view text, std::size_t max_depth,
                                    ValueBudget& budget, HugeNumbers huge = HugeNumbers::refused);

// MessagePack's extension -1.
enum class Timestamps { as_extensions, as_text };

// The result of MsgpackReader; bytes become binary values. Timestamps as text are those of
// Date.prototype.toJSON().
Result<Json, DecodeError> read_msgpack(std::string_view bytes, std::size_t max_depth,
                                       ValueBudget& budget,
                                       Timestamps timestamps = Timestamps::as_extensions);

// Replaces placeholders below `value` by the attachments, each attachment at most once: an object
// in the application's data may look like a placeholder, and copies of one attachment would let a
// small packet fill the memory.
void put_attachments(Json& value, std::vector<std::string> attachments);

// Appends the binary values below `value` to the attachments, and replaces them by placeholders.
void take_attachments(Json& value, std::vector<std::string>& attachments);

// Placeholders are replaced by binary values. An invalid value gives a discarded Json.
Json to_tree(const ReceivedValue& value);

// The arguments of a received event, for sending them to other clients.
EncodedArgs to_encoded(ReceivedValue args);

}  // namespace sioserve::parser
