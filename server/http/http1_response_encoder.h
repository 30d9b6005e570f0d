// Responses as HTTP/1.x bytes (RFC 9112): status line, headers, framing of the body.
// The body is framed by its length, in chunks, or, for HTTP/1.0, by the end of the connection. From
// this framing, the request and the head, the encoder determines whether the connection can be kept
// alive. A small body is written together with its head, a large one without a copy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/output_sink.h"
#include "server/http/response_encoder.h"

namespace sioserve::http {

enum class Persistence { keep_alive, close };

// Of the request.
enum class Http1Version { http_1_0, http_1_1 };

class Http1ResponseEncoder final : public ResponseEncoder {
 public:
  // `persistence` is what the request allows. `scratch` is a buffer for building output; others may
  // use it between the calls.
  Http1ResponseEncoder(OutputSink& sink, std::string& scratch, Http1Version version,
                       Persistence persistence)
      : sink_(sink), scratch_(scratch), version_(version), persistence_(persistence) {}

  // Close the connection after this response. Only before the start.
  void close_after_response() { persistence_ = Persistence::close; }
  // After a complete response: whether the connection can be kept alive.
  Persistence persistence() const { return persistence_; }
  // Bytes written so far, with all framing.
  std::size_t written() const { return written_; }

  // The server sets Transfer-Encoding and Connection: the application's are dropped, but
  // "Connection: close" is respected.
  void start(const ResponseStart& start, std::string&& body, BodyPart part) override;
  void body(std::string&& body, BodyPart part) override;
  void file(FilePart&& file, BodyPart part) override;
  // Dropped if the body is not chunked.
  void trailers(const Headers& trailers) override;
  void early_hints(const std::vector<std::string>& links) override;
  void continue_request() override;

 private:
  void choose_framing(const ResponseStart& start);
  void append_head(const ResponseStart& start);
  void write_body(std::string&& body, BodyPart part);
  void write_scratch();

  OutputSink& sink_;
  std::string& scratch_;
  const Http1Version version_;
  Persistence persistence_;
  bool chunked_ = false;
  std::size_t written_ = 0;
};

// Appends a complete "101 Switching Protocols", or nothing if a header is invalid.
std::optional<HeadError> append_switching_protocols(const Headers& headers,
                                                    const ServerHeaders& own, std::string& out);

// The line before a chunk of `size` bytes.
void append_chunk_start(std::size_t size, std::string& out);

}  // namespace sioserve::http
