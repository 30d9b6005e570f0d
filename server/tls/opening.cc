#include "server/tls/opening.h"

#include <algorithm>
#include <cstddef>

namespace sioserve::tls {
namespace {

// RFC 8446 sections 5.1 and 4.
constexpr char handshake_record = 22;
constexpr char client_hello_message = 1;
constexpr char major_version = 3;
constexpr std::size_t record_header = 5;
constexpr std::size_t max_record = 16'384;

constexpr std::size_t max_method = 16;  // letters
constexpr std::string_view empty_line = "\r\n";

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_of_method(char c) { return is_upper(c) || c == '-'; }  // M-SEARCH

Opening hello_or_unknown(std::string_view input) {
  if (input.size() > 1 && input[1] != major_version) return Opening::unknown;
  if (input.size() <= record_header) return Opening::incomplete;
  const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(input[3])) << 8 |
                           static_cast<unsigned char>(input[4]);
  if (size == 0 || size > max_record || input[record_header] != client_hello_message) {
    return Opening::unknown;
  }
  return input.size() < record_header + size ? Opening::incomplete : Opening::client_hello;
}

Opening http_or_unknown(std::string_view input) {
  if (input.empty()) return Opening::incomplete;
  if (!is_upper(input.front())) return Opening::unknown;
  const auto end = std::ranges::find_if_not(input, is_of_method);
  const auto letters = static_cast<std::size_t>(end - input.begin());
  if (letters > max_method) return Opening::unknown;
  if (end == input.end()) return Opening::incomplete;
  return *end == ' ' ? Opening::http : Opening::unknown;
}

}  // namespace

Opening opening_of(std::string_view input) {
  if (input.empty()) return Opening::incomplete;
  if (input.front() == handshake_record) return hello_or_unknown(input);
  // Some clients send an empty line before a request (RFC 9112 section 2.2).
  if (empty_line.starts_with(input)) return Opening::incomplete;
  if (input.starts_with(empty_line)) input.remove_prefix(empty_line.size());
  return http_or_unknown(input);
}

}  // namespace sioserve::tls
