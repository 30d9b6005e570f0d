#include "socketio/parser/iso_date.h"

#include <chrono>
#include <cstdio>

namespace sioserve::parser {

std::optional<std::string> iso_date(std::int64_t milliseconds) {
  constexpr std::int64_t range = 8'640'000'000'000'000;
  if (milliseconds < -range || milliseconds > range) return std::nullopt;
  constexpr std::int64_t per_day = 86'400'000;
  const std::int64_t day = milliseconds / per_day - (milliseconds % per_day < 0 ? 1 : 0);
  const auto rest = static_cast<int>(milliseconds - day * per_day);
  // The years of std::chrono end at 32,767, so whole Gregorian cycles of 400 years are subtracted
  // first.
  constexpr std::int64_t cycle_days = 146'097;
  const std::int64_t cycle = day / cycle_days - (day % cycle_days < 0 ? 1 : 0);
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{day - cycle * cycle_days}}};
  const auto year = static_cast<int>(int{date.year()} + cycle * 400);
  char text[48];
  std::snprintf(text, sizeof text,
                year >= 0 && year <= 9999 ? "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ"
                                          : "%+07d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                year, unsigned{date.month()}, unsigned{date.day()}, rest / 3'600'000,
                rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
  return text;
}

}  // namespace sioserve::parser
