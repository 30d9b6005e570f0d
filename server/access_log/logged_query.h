// The query string as the access log shows it.
#pragma once

#include <string>
#include <string_view>

namespace sioserve::access_log {

// Shortens the value of each parameter `sid` to its first four characters and an asterisk: who
// knows the session id of an Engine.IO client may speak for it. Other parameters stay as they are.
std::string logged_query(std::string_view query_string);

}  // namespace sioserve::access_log
