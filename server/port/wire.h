// Serialization of events, commands and answers, for a port between processes of one machine and
// one build.
//
// A message is its group, its alternative within the group, and its fields in order. Integers are
// in the machine's byte order, times are counts; sizes have 32 bits; a string is its size and its
// bytes. A file is the index of its descriptor among those sent with the bytes. The transport must
// frame the messages (a packet socket, a length prefix).
//
// decode_...() accepts any bytes: an invalid message is an error, and allocations are limited by
// the number of bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/file_descriptor.h"
#include "server/base/result.h"
#include "server/port/messages.h"

namespace sioserve::port {

struct WireMessage {
  std::string bytes;
  // Borrowed from the message; sendmsg() gives the other process its own descriptors.
  std::vector<int> descriptors;
};

enum class WireError {
  truncated,           // the bytes end within the message
  trailing_bytes,      // the message ends before the bytes
  unknown_message,     // no such group or alternative
  bad_value,           // of an enumeration or a bool
  missing_descriptor,  // of a file
};

// Appends to `out`. The message outlives the use of the descriptors.
void encode(const Event& event, WireMessage& out);
void encode(const Command& command, WireMessage& out);
void encode(const Answer& answer, WireMessage& out);

// `descriptors`: those that came with the bytes; each can be taken once. An empty one makes a file
// without a descriptor.
Result<Event, WireError> decode_event(std::string_view bytes,
                                      std::vector<FileDescriptor> descriptors);
Result<Command, WireError> decode_command(std::string_view bytes,
                                          std::vector<FileDescriptor> descriptors);

// Answers hold no files.
Result<Answer, WireError> decode_answer(std::string_view bytes);

}  // namespace sioserve::port
