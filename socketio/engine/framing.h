// How packets are encoded in polling bodies and WebSocket messages; Engine.IO 3 and 4 differ mostly
// here. One immutable object for each dialect; a session uses that of its handshake. JSONP
// (framing_jsonp.h) is the exception: each session has its own object.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/compression.h"

namespace sioserve::engine {

enum class Protocol { v3, v4 };

struct Message {
  MessageKind kind;  // text starts with the packet type
  SharedBytes bytes;
};

// script: JavaScript that passes the body to the page (framing_jsonp.h).
enum class Wrapping { none, script };

// A polling body.
struct Payload {
  MessageKind kind;
  std::string bytes;
  Wrapping wrapping = Wrapping::none;
  Compression compression = Compression::allowed;
};

// A received packet: text that starts with the packet type, or a binary message.
struct Received {
  MessageKind kind;
  std::string bytes;
};

// Returns the packets of one body one by one, so that reading can pause in between.
class PacketSource {
 public:
  virtual ~PacketSource() = default;
  virtual bool at_end() const = 0;
  // Nullopt: the body is malformed, and next() must not be called again. Do not call it at the end.
  virtual std::optional<Received> next() = 0;
};

class Framing {
 public:
  virtual ~Framing() = default;

  virtual Protocol protocol() const = 0;

  // Whether polling bodies of this kind are accepted.
  virtual bool takes_body(MessageKind kind) const = 0;
  virtual std::unique_ptr<PacketSource> read_body(MessageKind kind, std::string body) const = 0;
  virtual Payload write_body(std::span<const Message> messages) const = 0;

  // Nullopt if it is malformed.
  virtual std::optional<Received> read_websocket(MessageKind kind, std::string message) const = 0;
  // A text message is not changed.
  virtual Message write_websocket(Message message) const = 0;
};

// How binary messages are written: as bytes, or in base64 for clients that ask for it (b64=1).
// Bodies of protocol 4 always use base64.
enum class BinaryForm { bytes, base64 };

// For an object that may belong to only one session.
using SharedFraming = std::shared_ptr<const Framing>;

const Framing& framing_v4(BinaryForm form = BinaryForm::bytes);
const Framing& framing_v3(BinaryForm form);

}  // namespace sioserve::engine
