#include "server/http/request_line.h"

#include <algorithm>

#include "server/base/field_syntax.h"

namespace sioserve::http {
namespace {

// Registered methods have at most 17 characters. Longer input is probably not HTTP and is refused
// before the line ends.
constexpr std::size_t max_method = 30;

bool is_line_character(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

void RequestLine::clear() {
  line_.clear();
  method_ = target_ = version_ = Part();
  begun_ = false;
  within_line_end_ = false;
}

RequestLine::Progress RequestLine::feed(std::string_view input) {
  Progress progress;
  std::string_view rest = input;
  if (!begun_) progress.error = skip_empty_lines(rest);
  if (progress.error || rest.empty()) {
    progress.consumed = input.size() - rest.size();
    return progress;
  }
  begun_ = true;
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) {
    progress.consumed = input.size();
    progress.error = check_beginning(rest);
    return progress;
  }
  progress.consumed = input.size() - rest.size() + end + 1;
  progress.complete = true;
  line_.append(rest.substr(0, end));
  progress.error = take_whole(line_);
  return progress;
}

std::optional<ParseError> RequestLine::skip_empty_lines(std::string_view& input) {
  while (!input.empty() && (within_line_end_ || input.front() == '\r' || input.front() == '\n')) {
    if (input.front() != (within_line_end_ ? '\n' : '\r')) return ParseError::malformed;
    within_line_end_ = !within_line_end_;
    input.remove_prefix(1);
  }
  return std::nullopt;
}

// Refuses invalid input before the end of the line, because clients of other protocols may never
// send a line end.
std::optional<ParseError> RequestLine::check_beginning(std::string_view added) {
  const std::string_view text = added.ends_with('\r') ? added.substr(0, added.size() - 1) : added;
  if (line_.ends_with('\r') || !std::all_of(text.begin(), text.end(), is_line_character)) {
    return ParseError::malformed;
  }
  line_.append(added);
  if (method_.size == 0) {
    const std::string_view line = line_;
    if (line.find(' ') != std::string_view::npos) {
      if (const auto error = take_method(line)) return error;
    } else if (line.size() > max_method || !is_token(line)) {
      return ParseError::malformed;
    }
  }
  const std::size_t size = line_.size() - (line_.ends_with('\r') ? 1 : 0);
  if (size > max_size_) return ParseError::request_line_too_long;
  return std::nullopt;
}

std::optional<ParseError> RequestLine::take_method(std::string_view line) {
  const std::size_t end = line.find(' ');
  if (end == std::string_view::npos) return ParseError::malformed;
  const std::string_view method = line.substr(0, end);
  if (method.size() > max_method || !is_token(method)) return ParseError::malformed;
  method_ = {0, method.size()};
  return std::nullopt;
}

// `line`: without LF.
std::optional<ParseError> RequestLine::take_whole(std::string_view line) {
  const bool ends_in_cr = line.ends_with('\r');
  if (ends_in_cr) line.remove_suffix(1);
  if (const auto error = take_method(line)) return error;
  if (line.size() > max_size_) return ParseError::request_line_too_long;
  if (!ends_in_cr || !std::all_of(line.begin(), line.end(), is_line_character)) {
    return ParseError::malformed;
  }

  line.remove_prefix(method_.size + 1);
  const std::size_t target_end = std::min(line.find(' '), line.size());
  if (target_end == 0) return ParseError::malformed;
  // A line without a version is HTTP/0.9.
  if (target_end == line.size()) return ParseError::version_unsupported;
  const std::string_view name = "HTTP/";
  std::string_view version = line.substr(target_end + 1);
  if (!version.starts_with(name)) return ParseError::malformed;
  target_ = {method_.size + 1, target_end};
  version.remove_prefix(name.size());
  const bool well_formed =
      version.size() == 3 && is_digit(version[0]) && version[1] == '.' && is_digit(version[2]);
  if (!well_formed) {
    const bool has_space = version.find(' ') != std::string_view::npos;
    return has_space ? ParseError::malformed : ParseError::version_unsupported;
  }
  version_ = {target_.begin + target_.size + 1 + name.size(), version.size()};
  return version.front() == '1' ? std::nullopt : std::optional(ParseError::version_unsupported);
}

}  // namespace sioserve::http
