#include "socketio/cluster/message_numbers.h"

#include <algorithm>

namespace sioserve::socketio::cluster {
namespace {

// Of one channel. A server that is started again is a new sender.
constexpr std::size_t max_senders = 1'000;

}  // namespace

std::optional<std::uint64_t> SentNumbers::next(const std::string& channel) {
  std::uint64_t* const number = channels_.use(channel);
  return number ? std::optional(++*number) : std::nullopt;
}

std::uint64_t ReceivedNumbers::arrive(const std::string& channel, const std::string& sender,
                                      std::uint64_t number) {
  std::vector<Latest>* const senders = channels_.use(channel);
  if (!senders) return 0;
  const auto found = std::ranges::find(*senders, sender, &Latest::sender);
  if (found == senders->end()) {
    if (senders->size() == max_senders) senders->erase(senders->begin());
    senders->push_back({sender, number});
    return 0;
  }
  const std::uint64_t before = std::exchange(found->number, number);
  return number > before ? number - before - 1 : 0;
}

}  // namespace sioserve::socketio::cluster
