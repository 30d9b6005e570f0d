// Responses as frames of one HTTP/2 stream (RFC 9113 section 8).
#pragma once

#include <string>
#include <vector>

#include "server/base/header_block.h"
#include "server/http/response_encoder.h"
#include "server/http2/engine.h"

namespace sioserve::http2 {

class ResponseEncoder final : public http::ResponseEncoder {
 public:
  // The engine outlives the encoder.
  ResponseEncoder(Engine& engine, StreamId stream) : engine_(engine), stream_(stream) {}

  // The application's fields for the connection are dropped: HTTP/2 has no such fields.
  void start(const ResponseStart& start, std::string&& body, BodyPart part) override;
  void body(std::string&& body, BodyPart part) override;
  void file(FilePart&& file, BodyPart part) override;
  void trailers(const Headers& trailers) override;
  void early_hints(const std::vector<std::string>& links) override;
  void continue_request() override;

 private:
  Engine& engine_;
  const StreamId stream_;
};

}  // namespace sioserve::http2
