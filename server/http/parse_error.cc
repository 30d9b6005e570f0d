#include "server/http/parse_error.h"

#include <cassert>

namespace sioserve::http {

std::uint16_t status_of(ParseError error) {
  switch (error) {
    case ParseError::malformed:
      return 400;
    case ParseError::target_too_long:
      return 414;
    case ParseError::expectation_unknown:
      return 417;
    case ParseError::header_too_large:
      return 431;
    case ParseError::method_unsupported:
    case ParseError::transfer_coding_unsupported:
      return 501;
    case ParseError::version_unsupported:
      return 505;
  }
  assert(false);
  return 400;
}

}  // namespace sioserve::http
