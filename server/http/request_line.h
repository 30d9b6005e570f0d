// The request line (RFC 9112 section 3) and the empty lines before it.
//
// llhttp accepts only the methods of a fixed list, versions of other protocols, and several spaces.
// So the line is parsed here, and llhttp gets a fixed line instead. llhttp finds the end of the
// body by the headers alone, so the method makes no difference to it.
//
// A method is any token (RFC 9110 section 9.1). Methods are case-sensitive and not changed.
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
    bool complete = false;     // the line has ended
    std::optional<ParseError> error;
  };

  // `max_size`: in bytes, without the line end.
  explicit RequestLine(std::size_t max_size) : max_size_(max_size) {}

  // Starts a new line.
  void clear();
  // Must not be called after an error or after the end of the line.
  Progress feed(std::string_view input);

  // Whether bytes of the line have arrived, not counting empty lines before it.
  bool begun() const { return begun_; }

  // Each is empty until it is parsed. After an error, those that were parsed before are kept.
  const std::string& method() const { return method_; }
  const std::string& target() const { return target_; }
  // For example "1.1".
  const std::string& version() const { return version_; }

 private:
  std::optional<ParseError> skip_empty_lines(std::string_view& input);
  std::optional<ParseError> take_part(std::string_view part);
  std::optional<ParseError> take_method(std::string_view line);
  std::optional<ParseError> take_whole(std::string_view line);

  std::size_t max_size_;
  std::string part_;  // of a line that arrives in several parts
  std::string method_;
  std::string target_;
  std::string version_;
  bool begun_ = false;
  bool within_line_end_ = false;  // of an empty line
};

}  // namespace sioserve::http
