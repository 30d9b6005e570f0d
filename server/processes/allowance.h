// What one Python process may leave in the I/O process that belongs to none of its clients. Far
// above what a real application needs: it is for a process that was taken over.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "server/port/messages.h"

namespace sioserve::processes {

class Allowance {
 public:
  static constexpr std::size_t max_relay_bytes = 67'108'864;
  static constexpr std::size_t max_watched = 100'000;  // namespaces whose rooms are watched
  // Sockets and sessions that have gone and are not released.
  static constexpr std::size_t max_leaving = 1'000'000;

  // Counts what the command leaves. Returns what is too much, for the log; then the command must
  // not be carried out.
  std::optional<std::string_view> take(const Command& command);

  static std::optional<std::string_view> judge_leaving(std::size_t leaving);

 private:
  std::size_t relay_bytes_ = 0;
  std::unordered_set<std::string> watched_;
};

}  // namespace sioserve::processes
