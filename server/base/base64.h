// Base64 (RFC 4648 section 4), as Engine.IO polling uses it for binary messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sioserve {

std::string base64_encode(std::string_view bytes);

// Nullopt for anything that is not base64: other characters, white space, wrong padding or length.
std::optional<std::string> base64_decode(std::string_view text);
// The same, where text may be without padding, broken into lines, and in the alphabet for URLs.
std::optional<std::string> base64_decode_any(std::string_view text);

}  // namespace sioserve
