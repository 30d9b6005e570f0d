// How packets lie in polling bodies and WebSocket messages: where Engine.IO 3 and 4 differ most.
// One immutable object for each dialect; a session has the one that its handshake asked for. JSONP
// (framing_jsonp.h) is the exception: each session has an object of its own.
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
  MessageKind kind;  // text has the packet type in front
  SharedBytes bytes;
};

// script: JavaScript that hands the body to the page (framing_jsonp.h).
enum class Wrapping { none, script };

// A polling body.
struct Payload {
  MessageKind kind;
  std::string bytes;
  Wrapping wrapping = Wrapping::none;
  Compression compression = Compression::allowed;
};

// One packet that has come: text with its packet type in front, or a binary message.
struct Received {
  MessageKind kind;
  std::string bytes;
};

// Hands out the packets of one body one by one, so that reading can stop in between.
class PacketSource {
 public:
  virtual ~PacketSource() = default;
  virtual bool at_end() const = 0;
  // Nullopt: what is there is malformed; nothing more is to be read. Not at the end.
  virtual std::optional<Received> next() = 0;
};

class Framing {
 public:
  virtual ~Framing() = default;

  virtual Protocol protocol() const = 0;

  // Whether polling bodies may be of this kind.
  virtual bool takes_body(MessageKind kind) const = 0;
  virtual std::unique_ptr<PacketSource> read_body(MessageKind kind, std::string body) const = 0;
  virtual Payload write_body(std::span<const Message> messages) const = 0;

  // Nullopt: malformed.
  virtual std::optional<Received> read_websocket(MessageKind kind, std::string message) const = 0;
  // A text message is one on a WebSocket as it stands.
  virtual Message write_websocket(Message message) const = 0;
};

// How binary messages are written: as they are, or in base64 for clients that ask for it (b64=1).
// Bodies of protocol 4 always have base64.
enum class BinaryForm { bytes, base64 };

// For who owns one that may be a session's own.
using SharedFraming = std::shared_ptr<const Framing>;

const Framing& framing_v4(BinaryForm form = BinaryForm::bytes);
const Framing& framing_v3(BinaryForm form);

}  // namespace sioserve::engine
