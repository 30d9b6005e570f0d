// HTTP/1.x responses into bytes (RFC 9112 section 6): status line, headers, framing of the body.
//
// One writer per response. start() checks the application's head and appends the bytes of ours;
// admit() and the chunk functions then frame the body, whose bytes never pass through here, so
// that they need not be copied. The connection decides how the bytes travel; this decides whether
// it may live on behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/http_values.h"

namespace sioserve::http {

enum class Persistence { keep_alive, close };

// What a response depends on in the request that it answers.
struct ResponseContext {
  bool is_head = false;  // answers HEAD: no body
  bool is_http_1_0 = false;
  bool takes_trailers = false;                        // the client has said so ("TE: trailers")
  Persistence persistence = Persistence::keep_alive;  // what the request and the server allow
};

enum class HeadError { status, header_name, header_value, content_length };

// What the server itself puts into a head, each unless the application has set it.
struct ServerHeaders {
  std::string_view date;    // empty: none
  std::string_view server;  // empty: none
  const Headers& extra;
};

class ResponseWriter {
 public:
  explicit ResponseWriter(const ResponseContext& context) : context_(context) {}

  // The connection is not to be used again behind this response. Only before start().
  void close_behind() { context_.persistence = Persistence::close; }

  // Appends the head to `out`, or nothing at all if it is unusable. `whole_body` is the body's size
  // where it is known at once. Transfer-Encoding and Connection are ours: the application's are
  // left out, but "Connection: close" is obeyed.
  std::optional<HeadError> start(const ResponseHead& head, std::optional<std::size_t> whole_body,
                                 const ServerHeaders& own, std::string& out);

  // How many of the next `size` body bytes go out: none where the response has no body, no more
  // than Content-Length announced.
  std::size_t admit(std::size_t size);
  bool chunked() const { return framing_ == Framing::chunked; }
  static void append_chunk_start(std::size_t size, std::string& out);
  static constexpr std::string_view chunk_end = "\r\n";
  // The end of a chunked body. The trailers must be usable; the client gets them if it takes any.
  void append_last_chunk(const Headers& trailers, std::string& out) const;

  // Behind the last part: whether the connection may be used again. Only closing tells the client
  // that fewer bytes came than Content-Length announced.
  Persistence persistence() const;
  bool incomplete() const { return framing_ == Framing::length && remaining_ > 0; }

 private:
  enum class Framing { none, length, chunked, until_close };

  std::optional<HeadError> check(const ResponseHead& head);
  void choose_framing(std::uint16_t status, std::optional<std::size_t> whole_body);

  ResponseContext context_;
  Framing framing_ = Framing::none;
  std::optional<std::uint64_t> announced_;  // the application's Content-Length
  std::uint64_t remaining_ = 0;             // of Content-Length
};

// Appends a complete "101 Switching Protocols", or nothing if a header is unusable.
std::optional<HeadError> append_switching_protocols(const Headers& headers,
                                                    const ServerHeaders& own, std::string& out);

// Appends a complete "103 Early Hints" with a Link header each; the links must be field values.
void append_early_hints(const std::vector<std::string>& links, std::string& out);

}  // namespace sioserve::http
