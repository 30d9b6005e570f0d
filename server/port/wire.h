// The wire form of events, commands and answers, for a port between processes of one machine and
// one build.
//
// A message is its group, its alternative within the group, and its fields in their order. Integers
// stand in the machine's byte order with the size they have, times as their counts; sizes are 32
// bits; a text is its size and its bytes. A file is a number: the place of its descriptor among
// those that travel beside the bytes. What frames the messages (a socket of packets, a length in
// front) is the carrier's business.
//
// decode_...() takes any bytes: what is no message is an error, and nothing is allocated that the
// bytes do not pay for.
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
  // Borrowed from the message; sendmsg() gives the other process descriptors of its own.
  std::vector<int> descriptors;
};

enum class WireError {
  truncated,           // the bytes end within the message
  trailing_bytes,      // or go on behind it
  unknown_message,     // no such group or alternative
  bad_value,           // of an enumeration or a bool
  missing_descriptor,  // of a file
};

// Appends to `out`. The message outlives the use of the descriptors.
void encode(const Event& event, WireMessage& out);
void encode(const Command& command, WireMessage& out);
void encode(const Answer& answer, WireMessage& out);

// `descriptors`: those that came with the bytes; each can be taken once.
Result<Event, WireError> decode_event(std::string_view bytes,
                                      std::vector<FileDescriptor> descriptors);
Result<Command, WireError> decode_command(std::string_view bytes,
                                          std::vector<FileDescriptor> descriptors);

// Answers hold no files.
Result<Answer, WireError> decode_answer(std::string_view bytes);

}  // namespace sioserve::port
