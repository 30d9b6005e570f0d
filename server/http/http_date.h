// Dates in headers (RFC 9110 section 5.6.7).
#pragma once

#include <array>
#include <ctime>
#include <optional>
#include <string_view>

namespace sioserve::http {

// The Date header, formatted once per second.
class HttpDate {
 public:
  // The view is valid until the next call.
  std::string_view at(std::time_t now);

 private:
  std::time_t time_ = -1;
  std::array<char, 30> text_{};
};

// In any of the three forms that section 5.6.7 requires; nullopt for anything else.
std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace sioserve::http
