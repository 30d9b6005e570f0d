// Errors of requests, and their status codes.
#pragma once

#include <cstdint>
#include <string_view>

namespace sioserve::http {

enum class ParseError {
  malformed,
  request_line_too_long,
  header_too_large,
  too_many_headers,
  body_too_large,
  expectation_unknown,
  method_unsupported,
  transfer_coding_unsupported,
  version_unsupported,
};

std::uint16_t status_of(ParseError error);
// For the log: a description of the error.
std::string_view describe(ParseError error);

}  // namespace sioserve::http
