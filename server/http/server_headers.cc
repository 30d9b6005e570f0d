#include "server/http/server_headers.h"

namespace sioserve::http {

ServerHeaders ServerHeadersCache::at(std::time_t now) {
  if (now != time_) {
    time_ = now;
    lines_.clear();
    if (config_.date_header) {
      date_text_ = date_.at(now);
      append_header("date", date_text_, lines_);
    }
    if (!config_.server_header.empty()) append_header("server", config_.server_header, lines_);
  }
  return {date_text_, config_.server_header, config_.extra_headers, lines_};
}

void append_header(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace sioserve::http
