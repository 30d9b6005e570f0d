#include "socketio/parser/json_args.h"

#include <string>
#include <utility>

#include "socketio/parser/packet_header.h"

namespace sioserve::parser {
namespace {

// The depth of `value` has been checked when it was read.
void take_attachments(Json& value, std::vector<std::string>& attachments) {
  if (value.is_binary()) {
    const auto& bytes = value.get_binary();
    attachments.emplace_back(bytes.begin(), bytes.end());
    value = Json{{"_placeholder", true}, {"num", attachments.size() - 1}};
  } else if (value.is_structured()) {
    for (Json& child : value) take_attachments(child, attachments);
  }
}

}  // namespace

EncodedArgs encode_args(Json args) {
  EncodedArgs encoded;
  take_attachments(args, encoded.attachments);
  encoded.json = args.dump(-1, ' ', false, Json::error_handler_t::replace);
  return encoded;
}

std::string_view event_json(std::string_view message, const SocketIoConfig& limits) {
  const auto header = read_header(message, limits);
  if (!header) return {};
  // Without the white space that may follow.
  return header->payload.substr(0, header->payload.rfind(']') + 1);
}

}  // namespace sioserve::parser
