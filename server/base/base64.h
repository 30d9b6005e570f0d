// Base64 (RFC 4648 section 4), as Engine.IO polling uses it for binary messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sioserve {

std::string base64_encode(std::string_view bytes);

// Nullopt for anything that is not base64: other characters, white space, wrong padding or length.
std::optional<std::string> base64_decode(std::string_view text);
// The same, but accepts missing padding, line breaks and the URL-safe alphabet.
std::optional<std::string> base64_decode_any(std::string_view text);

}  // namespace sioserve
