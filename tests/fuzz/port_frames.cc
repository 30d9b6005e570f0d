// What the I/O process reads from a Python process: any bytes, in parts. The first byte says how
// they are divided, and how many descriptors come with them. What is read can be sent again.
#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "server/port/frames.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace port;

void check(Command& command) {
  WireMessage before;
  encode(command, before);
  FrameWriter writer;
  require(writer.add(command) == FrameWriter::Added::yes, "what was read fits into a frame");
  const FrameWriter::Part part = writer.next();
  require(part.bytes.ends_with(before.bytes), "and is the same there");
  require(part.descriptors.size() == before.descriptors.size(), "with its descriptors");
}

}  // namespace

void fuzz(std::string_view input) {
  if (input.empty()) return;
  const auto plan = static_cast<std::uint8_t>(input.front());
  std::string_view rest = input.substr(1);
  const std::size_t step = plan % 16 == 0 ? input.size() : plan % 16;
  FrameReader<Command> reader;
  for (std::size_t part = 0; !rest.empty(); ++part) {
    std::vector<FileDescriptor> descriptors;
    if (part < plan / 16U) descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    reader.feed(rest.substr(0, step), std::move(descriptors));
    rest.remove_prefix(std::min(step, rest.size()));
    for (;;) {
      auto message = reader.next();
      if (!message) {
        require(!reader.next(), "an error is final");
        return;
      }
      if (!*message) break;
      check(**message);
    }
    require(reader.buffered() <= input.size(), "no more is kept than has arrived");
  }
}

}  // namespace sioserve::fuzz
