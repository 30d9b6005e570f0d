// One Engine.IO session: a sequence of records, in which the first byte selects an action and the
// rest is its data. An input that begins with 3 or 6 has a client of protocol 3. SessionWorld
// checks the contracts. Packets have the same effect in the application whether they arrive in one
// body or each in its own.
#include <string>

#include "tests/fuzz/session_world.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace std::chrono_literals;
using engine::CloseReason;

enum class Posting { together, one_by_one };

void post(SessionWorld& world, std::string_view body, Posting posting) {
  if (posting == Posting::together) return world.post(MessageKind::text, std::string(body));
  for (;;) {
    const std::size_t end = body.find('\x1e');
    world.post(MessageKind::text, std::string(body.substr(0, end)));
    if (end == std::string_view::npos || !world.session().is_open()) return;
    body.remove_prefix(end + 1);
  }
}

void act(SessionWorld& world, char what, std::string_view bytes, Posting posting) {
  switch (what) {
    case 'G':
      return world.start_poll();
    case 'A':
      return world.abort_poll();
    case 'B':
      return post(world, bytes, posting);
    case 'P':
      world.start_post();
      return;
    case 'R':
      return world.receive_post(MessageKind::text, std::string(bytes));
    case 'Y':
      return world.post(MessageKind::binary, std::string(bytes));
    case 'X':
      return world.abort_post();
    case 'L':
      return world.release_post();
    case 'O':
      return world.open_websocket();
    case 'W':
      return world.start_probe();
    case 't':
      return world.receive(MessageKind::text, std::string(bytes));
    case 'b':
      return world.receive(MessageKind::binary, std::string(bytes));
    case 'c':
      return world.close_websocket();
    case 'd':
      return world.drain_websocket();
    case 's':
      return world.send(std::string(bytes), {});
    case 'S':
      return world.send("binary", {share(std::string(bytes)), share("")});
    case 'F':
      return world.send(std::string(2'000, 'x'), {});
    case 'k':
      return world.session().close(CloseReason::server_close);
    case 'r':
      return world.session().resume_reading();
    case 'v':
      return world.session().drop_slow_consumer(Limit::queued_bytes);
    case 'C':
      return world.session().stop_connect_timeout();
    case 'D':
      return world.session().shut_down();
    case '0':
      return world.advance(50ms);
    case '1':
      return world.advance(1s);
    case '2':
      return world.advance(26s);
    default:
      return;
  }
}

const engine::Framing& framing_of(std::string_view input) {
  if (input.starts_with('3')) return engine::framing_v3(engine::BinaryForm::bytes);
  if (input.starts_with('6')) return engine::framing_v3(engine::BinaryForm::base64);
  return engine::framing_v4();
}

struct Outcome {
  std::string story;
  bool was_paused;
};

Outcome play(std::string_view input, Posting posting) {
  Config config;
  config.engine_io.max_payload = 100;
  config.socket_io.max_queued_bytes = 5'000;
  SessionWorld world(config, framing_of(input));
  for (const std::string_view record : records(input)) {
    if (world.over()) break;
    if (record.empty()) continue;
    act(world, record[0], record.substr(1), posting);
  }
  world.vanish();
  return {world.story(), world.was_paused()};
}

}  // namespace

void fuzz(std::string_view input) {
  const Outcome outcome = play(input, Posting::together);
  if (framing_of(input).protocol() == engine::Protocol::v3) return;
  const Outcome other = play(input, Posting::one_by_one);
  // A pause within a body keeps the rest of it, so a further request would be concurrent.
  if (outcome.was_paused || other.was_paused) return;
  require(other.story == outcome.story, "one body has the same effect as several");
}

}  // namespace sioserve::fuzz
