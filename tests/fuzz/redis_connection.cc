// Replies of Redis: any bytes, in any parts. The result does not depend on how they are cut.
#include "server/redis/redis_connection.h"

#include <string>
#include <utility>
#include <variant>

#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace redis;

constexpr std::size_t max_reply_bytes = 10'000;

class Discard final : public OutputSink {
 public:
  void write(std::string_view) override {}
  void write_owned(std::string) override {}
  void write_file(FilePart) override {}
};

std::string text_of(const Event& event) {
  struct Text {
    std::string operator()(Ready) const { return "ready"; }
    std::string operator()(const Message& message) const {
      return "message " + message.channel + ' ' + message.payload;
    }
    std::string operator()(SubscriberCount count) const {
      return "count " + (count.subscribers ? std::to_string(*count.subscribers) : "none");
    }
    std::string operator()(const PublishRefused& refused) const {
      return "refused " + refused.reason;
    }
  };
  return std::visit(Text{}, event);
}

// All events, and the error.
std::string outcome_of(const Pieces& pieces, PubSub pub_sub) {
  Discard discard;
  RedisConnection connection({"user", "password"}, pub_sub, discard, TimePoint{}, {},
                             max_reply_bytes);
  connection.subscribe("a");
  connection.publish("a", "b");
  connection.publish("a", "c");
  connection.count_subscribers("a");
  connection.unsubscribe("a");
  std::string outcome;
  for (const std::string_view piece : pieces) {
    connection.feed(piece, TimePoint{});
    for (;;) {
      auto event = connection.next();
      if (!event) {
        require(!connection.next(), "an error is final");
        require(!event.error().reason.empty(), "an error has a reason");
        return outcome + "error " + event.error().reason;
      }
      if (!*event) break;
      require(connection.unconfirmed_publishes() <= 2, "no more is confirmed than was published");
      require(connection.unconfirmed_subscriptions() <= 2, "nor than was subscribed");
      outcome += text_of(**event) + '\n';
    }
  }
  return outcome;
}

}  // namespace

void fuzz(std::string_view input) {
  if (input.size() > max_reply_bytes) return;  // the limit depends on the pieces
  for (const PubSub pub_sub : {PubSub::plain, PubSub::sharded}) {
    const std::string outcome = outcome_of(whole(input), pub_sub);
    require(outcome_of(byte_by_byte(input), pub_sub) == outcome, "cuts do not change the result");
    require(outcome_of(in_pieces(input), pub_sub) == outcome, "cuts do not change the result");
  }
}

}  // namespace sioserve::fuzz
