#include "server/http/http_date.h"

#include <algorithm>
#include <cstdio>
#include <string>

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
    // strftime() would use the process's locale.
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

std::optional<std::time_t> parse_http_date(std::string_view text) {
  const std::string date(text);
  // strptime() would use the process's locale for the names.
  std::tm utc{};
  std::array<char, 4> month{};
  int end = 0;
  const auto matches = [&](int fields, int expected) {
    return fields == expected && static_cast<std::size_t>(end) == date.size();
  };
  if (matches(std::sscanf(date.c_str(), "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n",
                          &utc.tm_mday, month.data(), &utc.tm_year, &utc.tm_hour, &utc.tm_min,
                          &utc.tm_sec, &end),
              6) ||
      matches(
          std::sscanf(date.c_str(), "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month.data(),
                      &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &utc.tm_year, &end),
          6)) {
    utc.tm_year -= 1900;
  } else if (matches(std::sscanf(date.c_str(), "%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n",
                                 &utc.tm_mday, month.data(), &utc.tm_year, &utc.tm_hour,
                                 &utc.tm_min, &utc.tm_sec, &end),
                     6)) {
    if (utc.tm_year < 70) utc.tm_year += 100;  // no server sends dates before 1970
  } else {
    return std::nullopt;
  }
  const auto found = std::find(months.begin(), months.end(), std::string_view(month.data()));
  if (found == months.end() || utc.tm_mday < 1 || utc.tm_mday > 31 || utc.tm_hour > 23 ||
      utc.tm_min > 59 || utc.tm_sec > 60 || utc.tm_hour < 0 || utc.tm_min < 0 || utc.tm_sec < 0) {
    return std::nullopt;
  }
  utc.tm_mon = static_cast<int>(found - months.begin());
  return timegm(&utc);
}

}  // namespace sioserve::http
