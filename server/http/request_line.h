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
  std::string_view method() const { return part(method_); }
  std::string_view target() const { return part(target_); }
  // For example "1.1".
  std::string_view version() const { return part(version_); }

 private:
  // A part of line_.
  struct Part {
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  std::string_view part(Part part) const {
    return std::string_view(line_).substr(part.begin, part.size);
  }
  std::optional<ParseError> skip_empty_lines(std::string_view& input);
  std::optional<ParseError> check_beginning(std::string_view added);
  std::optional<ParseError> take_method(std::string_view line);
  std::optional<ParseError> take_whole(std::string_view line);

  std::size_t max_size_;
  std::string line_;  // what has arrived of it, without LF
  Part method_;
  Part target_;
  Part version_;
  bool begun_ = false;
  bool within_line_end_ = false;  // of an empty line
};

}  // namespace sioserve::http
