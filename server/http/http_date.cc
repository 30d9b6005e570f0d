#include "server/http/http_date.h"

#include <algorithm>
#include <cstdio>

namespace sioserve::http {
namespace {

constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t length = 29;

}  // namespace

std::string_view HttpDate::at(std::time_t now) {
  if (now != time_) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    // strftime would use the process's locale.
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    std::copy_n(text.begin(), length, text_.begin());
    time_ = now;
  }
  return {text_.data(), length};
}

}  // namespace sioserve::http
