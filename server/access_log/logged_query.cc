#include "server/access_log/logged_query.h"

#include <cstddef>

#include "server/base/http_values.h"

namespace sioserve::access_log {

namespace {

constexpr std::size_t shown = 4;  // characters: enough to see which lines belong together

bool is_secret(std::string_view name) {
  return name == "sid" || (name.find('%') != std::string_view::npos &&
                           percent_decode(name, PlusSign::space) == "sid");
}

}  // namespace

std::string logged_query(std::string_view query_string) {
  std::string logged;
  logged.reserve(query_string.size());
  while (true) {
    const auto parameter = query_string.substr(0, query_string.find('&'));
    const auto name = parameter.substr(0, parameter.find('='));
    if (name.size() < parameter.size() && is_secret(name)) {
      logged += parameter.substr(0, name.size() + 1 + shown);
      logged += '*';
    } else {
      logged += parameter;
    }
    if (parameter.size() == query_string.size()) return logged;
    logged += '&';
    query_string.remove_prefix(parameter.size() + 1);
  }
}

}  // namespace sioserve::access_log
