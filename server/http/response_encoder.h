// Encodes a response for one version of HTTP: bytes for HTTP/1, frames for HTTP/2. Response decides
// what is written and in which order; an encoder only knows the format.
//
// One encoder per response. It never blocks and never calls back; its output goes to a sink.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/file_part.h"
#include "server/base/http_values.h"
#include "server/http/response_head.h"
#include "server/http/server_headers.h"

namespace sioserve::http {

class ResponseEncoder {
 public:
  enum class Body {
    none,   // never any: HEAD, 204, 304
    sized,  // of ResponseStart::length bytes
    open,   // the length is not known
  };

  struct ResponseStart {
    const ResponseHead& head;  // valid
    const HeadFacts& facts;
    Body body;
    std::optional<std::uint64_t> length;  // for Content-Length; also possible without a body
    const ServerHeaders& own;
  };

  // Called once: the head, with the first part of the body.
  virtual void start(const ResponseStart& start, std::string&& body, BodyPart part) = 0;
  // Then the other parts, never more bytes than the head announced.
  virtual void body(std::string&& body, BodyPart part) = 0;
  virtual void file(FilePart&& file, BodyPart part) = 0;
  // Ends the body.
  virtual void trailers(const Headers& trailers) = 0;

  // Before the start. Dropped if the client's HTTP version has no interim responses.
  virtual void early_hints(const std::vector<std::string>& links) = 0;
  virtual void continue_request() = 0;

 protected:
  ~ResponseEncoder() = default;
};

}  // namespace sioserve::http
