#include "server/access_log/timestamp.h"

#include <array>
#include <cstdio>

namespace sioserve::access_log {
namespace {

// strftime() is not used: its names depend on the locale that the application has set.
constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t milliseconds_at = 20;  // in the ISO format

}  // namespace

void Timestamp::set(WallTime now) {
  using std::chrono::milliseconds;
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  const auto second = static_cast<std::time_t>(whole.time_since_epoch().count());
  fraction_ = std::chrono::duration_cast<milliseconds>(now - whole);
  if (second != second_) {
    second_ = second;
    std::tm tm{};
    ::localtime_r(&second, &tm);
    const char sign = tm.tm_gmtoff < 0 ? '-' : '+';
    const long zone = (tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff) / 60;
    char text[64];
    std::snprintf(text, sizeof text, "%02d/%s/%04d:%02d:%02d:%02d", tm.tm_mday,
                  months[static_cast<std::size_t>(tm.tm_mon)], tm.tm_year + 1900, tm.tm_hour,
                  tm.tm_min, tm.tm_sec);
    clf_ = text;
    std::snprintf(text, sizeof text, " %c%02ld%02ld", sign, zone / 60, zone % 60);
    clf_with_zone_ = clf_ + text;
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.000%c%02ld:%02ld",
                  tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                  sign, zone / 60, zone % 60);
    iso_ = text;
  }
}

std::string_view Timestamp::iso() const {
  auto fraction = fraction_.count();
  for (std::size_t i = milliseconds_at + 3; i-- > milliseconds_at; fraction /= 10) {
    iso_[i] = static_cast<char>('0' + fraction % 10);
  }
  return iso_;
}

}  // namespace sioserve::access_log
