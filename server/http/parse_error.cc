#include "server/http/parse_error.h"

#include <cassert>

namespace sioserve::http {

std::uint16_t status_of(ParseError error) {
  switch (error) {
    case ParseError::malformed:
      return 400;
    case ParseError::body_too_large:
      return 413;
    case ParseError::request_line_too_long:
      return 414;
    case ParseError::expectation_unknown:
      return 417;
    case ParseError::header_too_large:
    case ParseError::too_many_headers:
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

std::string_view describe(ParseError error) {
  switch (error) {
    case ParseError::malformed:
      return "malformed request";
    case ParseError::body_too_large:
      return "body too large";
    case ParseError::request_line_too_long:
      return "request line too long";
    case ParseError::expectation_unknown:
      return "unknown expectation";
    case ParseError::header_too_large:
      return "header section too large";
    case ParseError::too_many_headers:
      return "too many headers";
    case ParseError::method_unsupported:
      return "unsupported method";
    case ParseError::transfer_coding_unsupported:
      return "unsupported transfer coding";
    case ParseError::version_unsupported:
      return "unsupported HTTP version";
  }
  assert(false);
  return "";
}

}  // namespace sioserve::http
