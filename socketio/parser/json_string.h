// The escapes of JSON's strings.
#pragma once

#include <string>
#include <string_view>

namespace sioserve::parser {

// Replaces `text` by what stands between the quotation marks of a string, in which a character
// follows each backslash. False: an escape is malformed. Half a surrogate pair is U+FFFD.
bool unescape(std::string_view raw, std::string& text);

}  // namespace sioserve::parser
