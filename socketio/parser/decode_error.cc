#include "socketio/parser/decode_error.h"

namespace sioserve::parser {

const char* describe(DecodeError error) {
  switch (error) {
    case DecodeError::empty:
      return "empty packet";
    case DecodeError::unknown_type:
      return "unknown packet type";
    case DecodeError::bad_attachment_count:
      return "malformed number of attachments";
    case DecodeError::too_many_attachments:
      return "too many attachments";
    case DecodeError::bad_namespace:
      return "malformed namespace";
    case DecodeError::bad_ack_id:
      return "malformed or misplaced ack id";
    case DecodeError::bad_json:
      return "malformed JSON";
    case DecodeError::bad_msgpack:
      return "malformed MessagePack";
    case DecodeError::too_deep:
      return "nested too deeply";
    case DecodeError::bad_payload:
      return "payload does not fit the packet's type";
    case DecodeError::reserved_event:
      return "reserved event name";
    case DecodeError::event_name_too_long:
      return "event name is too long";
    case DecodeError::bad_placeholder:
      return "malformed attachment placeholder";
    case DecodeError::too_many_values:
      return "too many values";
    case DecodeError::unexpected_text:
      return "text message while attachments are missing";
    case DecodeError::unexpected_binary:
      return "binary message while no attachment is expected";
  }
  return "unknown error";
}

}  // namespace sioserve::parser
