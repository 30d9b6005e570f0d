// The arguments of an event that has been received, to be sent on.
#pragma once

#include <string_view>

#include "server/base/config.h"
#include "server/base/json.h"
#include "server/port/messages.h"

namespace sioserve::parser {

// Encodes an array; each binary value in it becomes an attachment.
EncodedArgs encode_args(Json args);

// The JSON of a text message that has been decoded as an event.
std::string_view event_json(std::string_view message, const SocketIoConfig& limits);

}  // namespace sioserve::parser
