#include "server/http/request_parser.h"

#include <algorithm>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/http/request_target.h"

namespace sioserve::http {
namespace {

// Space for the headers is reserved by the bytes that have arrived: usually the whole head. Each
// header needs a few bytes more than in the input.
constexpr std::size_t additional_header_bytes = 64;
constexpr std::size_t max_reserved_header_bytes = 2'048;

}  // namespace

struct RequestParser::Callbacks {
  static RequestParser& self(llhttp_t* llhttp) {
    return *static_cast<RequestParser*>(llhttp->data);
  }

  static int on_header_field(llhttp_t* llhttp, const char* at, std::size_t size) {
    return self(llhttp).append_header_name({at, size});
  }
  static int on_header_value(llhttp_t* llhttp, const char* at, std::size_t size) {
    return self(llhttp).append_header_value({at, size});
  }
  static int on_headers_complete(llhttp_t* llhttp) { return self(llhttp).complete_head(); }
  static int on_body(llhttp_t* llhttp, const char* at, std::size_t size) {
    return self(llhttp).append_body({at, size});
  }
  static int on_chunk_header(llhttp_t* llhttp) { return self(llhttp).begin_chunk(); }
  static int on_chunk_extension(llhttp_t* llhttp, const char*, std::size_t size) {
    return self(llhttp).count_chunk_extension(size);
  }
  static int on_chunk_extension_end(llhttp_t* llhttp) {
    return self(llhttp).count_chunk_extension(1);
  }
  static int on_message_complete(llhttp_t* llhttp) { return self(llhttp).complete_request(); }

  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t table = [] {
      llhttp_settings_t callbacks;
      llhttp_settings_init(&callbacks);
      callbacks.on_header_field = on_header_field;
      callbacks.on_header_value = on_header_value;
      callbacks.on_headers_complete = on_headers_complete;
      callbacks.on_body = on_body;
      callbacks.on_chunk_header = on_chunk_header;
      callbacks.on_chunk_extension_name = on_chunk_extension;
      callbacks.on_chunk_extension_value = on_chunk_extension;
      callbacks.on_chunk_extension_name_complete = on_chunk_extension_end;
      callbacks.on_chunk_extension_value_complete = on_chunk_extension_end;
      callbacks.on_message_complete = on_message_complete;
      return callbacks;
    }();
    return table;
  }

  // The state of llhttp behind a request line, which it need not read: RequestLine has done that.
  static llhttp_t behind(std::string_view line) {
    llhttp_t llhttp;
    llhttp_init(&llhttp, HTTP_REQUEST, &settings());
    llhttp_execute(&llhttp, line.data(), line.size());
    return llhttp;
  }
  static const llhttp_t& behind_line_of_1_0() {
    static const llhttp_t llhttp = behind("GET / HTTP/1.0\r\n");
    return llhttp;
  }
  static const llhttp_t& behind_line_of_1_1() {
    static const llhttp_t llhttp = behind("GET / HTTP/1.1\r\n");
    return llhttp;
  }
};

RequestParser::RequestParser(const ParserLimits& limits)
    : limits_(limits), line_(limits.max_request_line) {
  llhttp_init(&llhttp_, HTTP_REQUEST, &Callbacks::settings());
}

RequestParser::Progress RequestParser::feed(std::string_view input) {
  progress_ = Progress{};
  body_parts_.clear();
  if (llhttp_get_errno(&llhttp_) == HPE_PAUSED) llhttp_resume(&llhttp_);
  const std::size_t size = input.size();
  if (line_done_ || read_line(input)) {
    const llhttp_errno_t code = llhttp_execute(&llhttp_, input.data(), input.size());
    if (code == HPE_PAUSED) {
      input.remove_prefix(static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - input.data()));
    } else if (code == HPE_OK) {
      input = {};
    } else if (!progress_.error) {
      progress_.error = ParseError::malformed;
    }
  }
  progress_.consumed = size - input.size();

  // White space outside of names and values counts towards this limit only.
  if (within_head_ && !progress_.error) {
    head_bytes_ += size;
    if (head_bytes_ > 2 * (limits_.max_header_bytes + limits_.max_request_line)) {
      progress_.error = ParseError::header_too_large;
    }
  }
  return progress_;
}

// Whether the request line is complete and can be served. Removes the parsed bytes from the input.
bool RequestParser::read_line(std::string_view& input) {
  const RequestLine::Progress line = line_.feed(input);
  input.remove_prefix(line.consumed);
  if (line_.begun() && !within_head_) begin_request(input.size());
  progress_.error = line.error;
  if (line.error || !line.complete) return false;
  if (line_.method() == "CONNECT") {
    progress_.error = ParseError::method_unsupported;
    return false;
  }
  line_done_ = true;
  // RFC 9110 section 2.5: HTTP/1.2 and later are taken as 1.1.
  is_http_1_0_ = line_.version() == "1.0";
  llhttp_ = is_http_1_0_ ? Callbacks::behind_line_of_1_0() : Callbacks::behind_line_of_1_1();
  llhttp_.data = this;
  return true;
}

// `available`: bytes of the input behind the request line.
void RequestParser::begin_request(std::size_t available) {
  head_->headers.clear();
  head_->headers.reserve(std::min(available + additional_header_bytes, max_reserved_header_bytes));
  head_bytes_ = 0;
  header_bytes_ = 0;
  chunk_extension_bytes_ = 0;
  body_bytes_ = 0;
  within_head_ = true;
  within_value_ = true;
  head_done_ = false;
  expects_continue_ = false;
  upgrade_requested_ = false;
  has_body_ = false;
  cookie_headers_ = 0;
  has_names_with_underscores_ = false;
}

int RequestParser::append_header_name(std::string_view part) {
  header_bytes_ += part.size();
  const bool begins = !head_done_ && std::exchange(within_value_, false);
  if (begins) header_bytes_ += std::string_view(": \r\n").size();
  if (header_bytes_ > limits_.max_header_bytes) return refuse(ParseError::header_too_large);
  if (head_done_) return 0;  // in the trailers, which are dropped
  HeaderBlock& headers = head_->headers;
  if (begins) {
    if (headers.size() == limits_.max_headers) return refuse(ParseError::too_many_headers);
    end_header();
    headers.begin_header();
  }
  headers.append_to_name(part);
  return 0;
}

int RequestParser::append_header_value(std::string_view part) {
  header_bytes_ += part.size();
  if (header_bytes_ > limits_.max_header_bytes) return refuse(ParseError::header_too_large);
  if (head_done_) return is_field_value(part) ? 0 : refuse(ParseError::malformed);
  within_value_ = true;
  head_->headers.append_to_value(part);
  return 0;
}

void RequestParser::end_header() {
  // llhttp does not remove white space after the value.
  if (!head_->headers.empty()) head_->headers.trim_value();
}

int RequestParser::begin_chunk() {
  const bool too_large =
      limits_.max_body != 0 && llhttp_.content_length > limits_.max_body - body_bytes_;
  return too_large ? refuse(ParseError::body_too_large) : 0;
}

int RequestParser::append_body(std::string_view part) {
  body_bytes_ += part.size();
  if (progress_.body.empty()) {
    progress_.body = part;
    return 0;
  }
  if (body_parts_.empty()) body_parts_ = progress_.body;
  body_parts_.append(part);
  progress_.body = body_parts_;
  return 0;
}

int RequestParser::count_chunk_extension(std::size_t bytes) {
  chunk_extension_bytes_ += bytes;
  if (chunk_extension_bytes_ > limits_.max_chunk_extensions) return refuse(ParseError::malformed);
  return 0;
}

int RequestParser::complete_head() {
  end_header();
  head_->method = line_.method();
  head_->http_version = is_http_1_0_ ? "1.0" : "1.1";
  if (const auto error = check_headers()) return refuse(*error);
  if (split_target(line_.target(), *head_) == TargetForm::invalid)
    return refuse(ParseError::malformed);

  if (limits_.max_body != 0 && (llhttp_.flags & F_CHUNKED) == 0 &&
      llhttp_.content_length > limits_.max_body) {
    return refuse(ParseError::body_too_large);
  }
  has_body_ = (llhttp_.flags & F_CHUNKED) != 0 || llhttp_.content_length > 0;
  expects_continue_ = expects_continue_ && has_body_ && !is_http_1_0_;
  keep_alive_ = llhttp_should_keep_alive(&llhttp_) != 0;
  // The owner handles upgrades: for llhttp, the following bytes remain HTTP.
  upgrade_requested_ = llhttp_get_upgrade(&llhttp_) != 0;
  llhttp_.upgrade = 0;

  within_head_ = false;
  head_done_ = true;
  header_bytes_ = 0;
  progress_.head_complete = true;
  return expects_continue_ ? HPE_PAUSED : 0;
}

void RequestParser::give_up_head() {
  *head_ = RequestHead{};
  within_head_ = false;
  head_->method = line_.method();
  head_->http_version = line_.version();
  if (head_->http_version.empty()) return;
  if (split_target(line_.target(), *head_) == TargetForm::invalid) head_->raw_path.clear();
}

int RequestParser::complete_request() {
  line_.clear();
  line_done_ = false;
  progress_.request_complete = true;
  return HPE_PAUSED;
}

std::optional<ParseError> RequestParser::check_headers() {
  std::size_t hosts = 0;
  std::size_t transfer_encodings = 0;
  for (const HeaderView& header : head_->headers) {
    if (!is_field_value(header.value)) return ParseError::malformed;
    if (header.name == "host") {
      ++hosts;
      if (!is_host(header.value)) return ParseError::malformed;
    } else if (header.name == "transfer-encoding") {
      ++transfer_encodings;
      if (!equals_ignoring_case(header.value, "chunked")) {
        return header.value.empty() ? ParseError::malformed
                                    : ParseError::transfer_coding_unsupported;
      }
    } else if (header.name == "expect") {
      if (!equals_ignoring_case(header.value, "100-continue")) {
        return ParseError::expectation_unknown;
      }
      expects_continue_ = true;
    } else if (header.name == "cookie") {
      ++cookie_headers_;
    } else if (header.name.find('_') != std::string_view::npos) {
      has_names_with_underscores_ = true;
    }
  }
  if (hosts > 1 || (hosts == 0 && !is_http_1_0_)) return ParseError::malformed;
  if (transfer_encodings > 1 || (transfer_encodings == 1 && is_http_1_0_)) {
    return ParseError::malformed;
  }
  return std::nullopt;
}

int RequestParser::refuse(ParseError error) {
  progress_.error = error;
  return HPE_USER;
}

}  // namespace sioserve::http
