// The Date header's format (RFC 9110 section 5.6.7), made anew once a second.
#pragma once

#include <array>
#include <ctime>
#include <string_view>

namespace sioserve::http {

class HttpDate {
 public:
  // The view is valid until the next call.
  std::string_view at(std::time_t now);

 private:
  std::time_t time_ = -1;
  std::array<char, 30> text_{};
};

}  // namespace sioserve::http
