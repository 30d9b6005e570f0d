// Why a request cannot be served, and the status that says so.
#pragma once

#include <cstdint>

namespace sioserve::http {

enum class ParseError {
  malformed,
  target_too_long,
  header_too_large,
  expectation_unknown,
  method_unsupported,
  transfer_coding_unsupported,
  version_unsupported,
};

std::uint16_t status_of(ParseError error);

}  // namespace sioserve::http
