// Which precompressed variant of a file a client gets (RFC 9110 section 12.5.3).
#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace sioserve::static_files {

struct Coding {
  std::string_view name;    // in Content-Encoding
  std::string_view suffix;  // of the file beside the original
};

// Best compression first.
inline constexpr std::array<Coding, 3> codings = {
    {{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}};

// The codings preferred to the original, best first, for a value of Accept-Encoding (all lines,
// joined by commas). Malformed members are ignored.
std::vector<const Coding*> acceptable_codings(std::string_view accept_encoding);

}  // namespace sioserve::static_files
