// The reasons for refusing a Socket.IO message. In each case the session is closed.
#pragma once

namespace sioserve::parser {

enum class DecodeError {
  empty,
  unknown_type,
  bad_attachment_count,
  too_many_attachments,
  bad_namespace,
  bad_ack_id,
  bad_json,
  bad_msgpack,
  too_deep,
  bad_payload,  // not what the packet's type requires
  reserved_event,
  event_name_too_long,
  bad_placeholder,
  too_many_values,    // they would take too much memory
  unexpected_text,    // attachments are missing
  unexpected_binary,  // no attachment is missing
};

// For log lines: a description of the error.
const char* describe(DecodeError error);

}  // namespace sioserve::parser
