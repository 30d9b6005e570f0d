// Parses HTTP/1.x requests (RFC 9112), with llhttp in its strict mode. request_line.h parses the
// request line.
//
// The owner feeds input; each call reports its results: the head once it is complete, the part of
// the body that was in the input, the end of the request. The parser stops at the end of each
// request: the rest of the input is the next request, which is fed again when the owner is ready
// for it. A request with "Expect: 100-continue" also stops after its head. After an error the
// parser accepts no more input.
//
// Unlike llhttp, it refuses everything that two parsers might interpret differently (request
// smuggling): more than one Host header or an invalid one, Transfer-Encoding other than one
// "chunked" or in HTTP/1.0, unbounded chunk extensions and trailers. Trailers are checked and
// dropped, so they cannot contradict the head.
//
// Knows nothing of sockets, time or responses.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/http_values.h"
#include "server/http/parse_error.h"
#include "server/http/request_line.h"

namespace sioserve::http {

struct ParserLimits {
  std::size_t max_request_line = 16'384;  // bytes
  std::size_t max_header_bytes = 65'536;  // names, values and separators
  std::size_t max_headers = 256;
  std::uint64_t max_body = 0;                 // bytes; 0: no limit
  std::size_t max_chunk_extensions = 16'384;  // bytes per request
};

class RequestParser {
 public:
  struct Progress {
    std::size_t consumed = 0;         // bytes of the input
    bool head_complete = false;       // in this call; head() is valid from now on
    bool request_complete = false;    // in this call
    std::string_view body;            // borrowed from the input or the parser, until the next call
    std::optional<ParseError> error;  // the other members are not valid then
  };

  explicit RequestParser(const ParserLimits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  Progress feed(std::string_view input);

  // Valid from the end of the head until the first byte of the next request is fed.
  const RequestHead& head() const { return *head_; }
  bool is_http_1_0() const { return is_http_1_0_; }  // HTTP/1.2 and later are taken as 1.1
  // Whether the client allows keep-alive.
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }
  // "Connection: Upgrade" with an Upgrade header. Parsed as any other request.
  bool upgrade_requested() const { return upgrade_requested_; }
  bool has_body() const { return has_body_; }
  // What request_headers.h may have to change.
  bool has_several_cookie_headers() const { return cookie_headers_ > 1; }
  bool has_names_with_underscores() const { return has_names_with_underscores_; }
  // Bytes of a body with Content-Length, or of the current chunk, that have not been fed yet.
  std::uint64_t body_left() const { return llhttp_.content_length; }
  // Bytes of a request have arrived, but not all of its head.
  bool within_head() const { return within_head_; }

  // Call it between the end of the head and the first byte of the next request.
  RequestHead& mutable_head() { return *head_; }
  SharedRequestHead take_head() { return std::exchange(head_, std::make_shared<RequestHead>()); }
  // For a head that will never be complete: afterwards head() has the parts of method, target and
  // version that were received.
  void give_up_head();

 private:
  struct Callbacks;

  void begin_request(std::size_t available);
  bool read_line(std::string_view& input);
  int begin_chunk();
  int append_header_name(std::string_view part);
  int append_header_value(std::string_view part);
  void end_header();
  int append_body(std::string_view part);
  int count_chunk_extension(std::size_t bytes);
  int complete_head();
  int complete_request();
  std::optional<ParseError> check_headers();
  int refuse(ParseError error);

  ParserLimits limits_;
  llhttp_t llhttp_;
  std::shared_ptr<RequestHead> head_ = std::make_shared<RequestHead>();  // never null
  RequestLine line_;
  std::string body_parts_;  // the body from one call, if it had several chunks
  Progress progress_;
  std::size_t head_bytes_ = 0;    // of all input that the head has not ended in
  std::size_t header_bytes_ = 0;  // of names and values
  std::size_t chunk_extension_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool within_head_ = false;
  bool line_done_ = false;  // the request line is complete
  bool within_value_ = false;
  bool is_http_1_0_ = false;
  bool head_done_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  bool upgrade_requested_ = false;
  bool has_body_ = false;
  std::size_t cookie_headers_ = 0;
  bool has_names_with_underscores_ = false;
};

}  // namespace sioserve::http
