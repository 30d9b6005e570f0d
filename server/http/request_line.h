// The request line (RFC 9112 section 3) and the empty lines before it.
//
// llhttp takes a fixed list of methods, other protocols' versions, and more than one space. So the
// line is read here, and llhttp is given a line of ours in its place: it frames the body by headers
// alone, so the method makes no difference to it.
//
// A method is any token (RFC 9110 section 9.1), as the client wrote it: methods are case-sensitive.
// The target is checked for its characters; see request_target.h for its form.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/parse_error.h"

namespace sioserve::http {

class RequestLine {
 public:
  struct Progress {
    std::size_t consumed = 0;  // bytes of the input
    bool complete = false;     // what follows is the first header
    std::optional<ParseError> error;
  };

  // In bytes, without the line end.
  explicit RequestLine(std::size_t max_size) : max_size_(max_size) {}

  // Forgets the line. The next one begins.
  void clear();
  // Not after an error, nor behind the end of the line.
  Progress feed(std::string_view input);

  // Bytes of the line have come, beyond empty lines.
  bool begun() const { return begun_; }

  // Each is empty until it is known, which may be before an error.
  const std::string& method() const { return method_; }
  const std::string& target() const { return target_; }
  // As "1.1".
  const std::string& version() const { return version_; }

 private:
  std::optional<ParseError> skip_empty_lines(std::string_view& input);
  std::optional<ParseError> take_part(std::string_view part);
  std::optional<ParseError> take_method(std::string_view line);
  std::optional<ParseError> take_whole(std::string_view line);

  std::size_t max_size_;
  std::string part_;  // of a line that comes in pieces
  std::string method_;
  std::string target_;
  std::string version_;
  bool begun_ = false;
  bool within_line_end_ = false;  // of an empty line
};

}  // namespace sioserve::http
