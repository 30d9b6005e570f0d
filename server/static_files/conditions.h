// Conditional requests for a file (RFC 9110 section 13).
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace sioserve::static_files {

// The validators of the current content.
struct Validators {
  std::string etag;  // a strong one
  std::time_t last_modified = 0;
};

// The headers' values, all lines of one joined by commas; empty: absent.
struct Conditions {
  std::string if_match;
  std::string if_none_match;
  std::string if_modified_since;
  std::string if_unmodified_since;
  std::string if_range;
};

enum class Verdict { proceed, not_modified, precondition_failed };

// For GET and HEAD, in the order of section 13.2.2.
Verdict check_conditions(const Conditions& conditions, const Validators& validators);

// Whether If-Range matches the current content. `now`: a date is too weak if the file was modified
// within the same second.
bool range_is_current(std::string_view if_range, const Validators& validators, std::time_t now);

}  // namespace sioserve::static_files
