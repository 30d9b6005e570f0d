// The access log's format string, parsed once at the start: text, and atoms such as "%(h)s" or
// "%({user-agent}i)s". "%%" is a literal percent sign.
//
// Knows nothing of files and clocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/access_log/atoms.h"
#include "server/access_log/line.h"
#include "server/access_log/timestamp.h"
#include "server/base/access_record.h"
#include "server/base/result.h"

namespace sioserve::access_log {

// daphne's lines.
inline constexpr std::string_view default_format =
    "%(client_addr)s - - [%(time)s] \"%(request)s\" %(http_status)s %(b)s";

class Format {
 public:
  // The error is a sentence.
  static Result<Format, std::string> compile(std::string_view text);

  bool wants_response_headers() const { return wants_response_headers_; }

  // One line without its line end.
  void append(const AccessRecord& record, const Timestamp& time, Line& out) const;

 private:
  struct Segment {
    Atom atom;
    std::string text;  // of a literal, or the name of a header; a literal is not empty
  };

  void add_literal(std::string_view text);

  std::vector<Segment> segments_;
  bool wants_response_headers_ = false;
  bool is_default_ = false;
};

}  // namespace sioserve::access_log
