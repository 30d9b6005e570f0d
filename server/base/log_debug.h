// Debug log lines that cost one branch while their level is off.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "server/base/logger.h"

namespace sioserve {

inline void append_log_part(std::string& line, std::string_view part) { line += part; }
inline void append_log_part(std::string& line, std::integral auto part) {
  line += std::to_string(part);
}

// `parts` are strings and numbers, which are concatenated.
template <typename... Parts>
void log_debug(const Logger& logger, LogCategory category, const Parts&... parts) {
  if (!logger.enabled(category, LogLevel::debug)) return;
  std::string line;
  (append_log_part(line, parts), ...);
  logger.log(category, LogLevel::debug, std::move(line));
}

}  // namespace sioserve
