// Frames between servers: any bytes, in any parts. The result does not depend on how they are cut,
// messages survive another encoding, and nobody is let in without the secret.
#include <string>
#include <utility>

#include "server/forwarding/frames.h"
#include "server/forwarding/link.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace forwarding;

constexpr std::size_t limit = 10'000;

class Discard final : public OutputSink {
 public:
  void write(std::string_view) override {}
  void write_owned(std::string) override {}
  void write_file(FilePart) override {}
};

// All messages, as they are written, and the error.
std::string outcome_of(const Pieces& pieces) {
  FrameReader reader(limit);
  std::string outcome;
  for (const std::string_view piece : pieces) {
    reader.feed(piece);
    for (;;) {
      auto message = reader.next();
      if (!message) {
        require(!reader.next(), "an error is final");
        return outcome + "error " + std::to_string(static_cast<int>(message.error()));
      }
      if (!*message) break;
      require(append_frame(**message, outcome), "what was read is not too large");
    }
  }
  return outcome;
}

void give_to_link(Role role, std::string_view input) {
  const std::string secret = "a secret of the cluster";
  Discard discard;
  Link link(role, secret, discard, TimePoint{});
  link.feed(input, TimePoint{});
  const auto message = link.next();
  require(!link.ready(), "nobody is let in without the secret");
  require(!message || !*message, "nothing is read before");
}

}  // namespace

void fuzz(std::string_view input) {
  const std::string outcome = outcome_of(whole(input));
  require(outcome_of(byte_by_byte(input)) == outcome, "cuts do not change the result");
  require(outcome_of(in_pieces(input)) == outcome, "cuts do not change the result");
  const std::string frames = outcome.substr(0, outcome.rfind("error "));
  require(outcome_of(whole(frames)) == frames, "messages survive another encoding");
  for (const Role role : {Role::caller, Role::answerer}) give_to_link(role, input);
}

}  // namespace sioserve::fuzz
