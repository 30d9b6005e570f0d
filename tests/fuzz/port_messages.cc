// Serialized messages of the port: the first byte selects an event, a command or an answer. A
// decoded message can be encoded, and decoded again to the same message.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "server/port/message_size.h"
#include "server/port/wire.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace port;

// The descriptors of files that are sent with a message.
std::vector<FileDescriptor> descriptors() {
  std::vector<FileDescriptor> opened;
  for (int i = 0; i < 3; ++i) opened.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return opened;
}

std::vector<FileDescriptor> duplicates(const std::vector<int>& borrowed) {
  std::vector<FileDescriptor> made;
  for (const int descriptor : borrowed) made.emplace_back(::dup(descriptor));
  return made;
}

template <typename Message, typename Decode>
void check(const Result<Message, WireError>& message, Decode decode) {
  if (!message) return;
  WireMessage wire;
  encode(*message, wire);
  const auto again = decode(wire.bytes, duplicates(wire.descriptors));
  require(bool(again), "a decoded message can be decoded again");
  WireMessage rewritten;
  encode(*again, rewritten);
  require(rewritten.bytes == wire.bytes, "it has the same value");
}

}  // namespace

void fuzz(std::string_view input) {
  if (input.empty()) return;
  const std::string_view bytes = input.substr(1);
  switch (input.front()) {
    case 'e': {
      const auto event = decode_event(bytes, descriptors());
      if (event) require(size_of(*event) > 0, "an event has a size");
      return check(event, decode_event);
    }
    case 'c': {
      const auto command = decode_command(bytes, descriptors());
      if (command) require(size_of(*command) > 0, "a command has a size");
      return check(command, decode_command);
    }
    default:
      return check(decode_answer(bytes),
                   [](std::string_view again, const std::vector<FileDescriptor>&) {
                     return decode_answer(again);
                   });
  }
}

}  // namespace sioserve::fuzz
