// Escapes a client's data for a log: the result is printable ASCII, so it can't begin a new line,
// end a quoted field or move a terminal's cursor.
#pragma once

#include <string>
#include <string_view>

namespace sioserve::access_log {

// For lines of text: a backslash before '"' and '\', every other byte that is not printable ASCII
// as \xHH.
void append_escaped(std::string_view value, std::string& out);

// For JSON: the string with its quotes. Characters beyond ASCII as \uHHHH, bytes that are not UTF-8
// as \ufffd.
void append_json_string(std::string_view value, std::string& out);

}  // namespace sioserve::access_log
