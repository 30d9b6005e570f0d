// Polling bodies and WebSocket messages of Engine.IO 3 and 4. If packets read from a body are
// written and read again, they are the same.
#include <string>

#include "server/base/bytes.h"
#include "socketio/engine/framing.h"
#include "socketio/engine/framing_jsonp.h"
#include "socketio/engine/packet.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using namespace engine;

// Reads until the body is malformed.
std::vector<Message> read(const Framing& framing, MessageKind kind, std::string body) {
  const std::size_t size = body.size();
  std::size_t bytes = 0;
  std::vector<Message> messages;
  const auto source = framing.read_body(kind, std::move(body));
  while (!source->at_end()) {
    auto received = source->next();
    if (!received) break;
    bytes += received->bytes.size();
    // write_body() accepts only packets.
    if (received->kind == MessageKind::text && !decode_packet(received->bytes)) continue;
    messages.push_back({received->kind, share(std::move(received->bytes))});
  }
  require(bytes <= size, "packets are no larger than their body");
  return messages;
}

void require_same(const std::vector<Message>& one, const std::vector<Message>& other) {
  require(one.size() == other.size(), "the number of packets is the same");
  for (std::size_t i = 0; i < one.size(); ++i) {
    require(one[i].kind == other[i].kind && *one[i].bytes == *other[i].bytes,
            "a packet that was read can be written");
  }
}

void check(const Framing& framing, MessageKind kind, std::string_view body) {
  if (!framing.takes_body(kind)) return;
  const std::vector<Message> messages = read(framing, kind, std::string(body));
  if (messages.empty()) return;
  Payload payload = framing.write_body(messages);
  require_same(read(framing, payload.kind, std::move(payload.bytes)), messages);
  for (const Message& message : messages) {
    const Message written = framing.write_websocket(message);
    const auto again = framing.read_websocket(written.kind, *written.bytes);
    require(again && again->kind == message.kind && again->bytes == *message.bytes,
            "a written WebSocket message can be read");
  }
}

// The packets from a form can be sent in a script.
void check_jsonp(const Framing& inner, std::string_view form) {
  const auto jsonp = make_jsonp_framing(inner, form.substr(0, 4));
  const std::vector<Message> messages = read(*jsonp, MessageKind::text, std::string(form));
  const Payload script = jsonp->write_body(messages);
  require(script.wrapping == Wrapping::script, "the body is a script");
  require(script.bytes.find_first_of(std::string_view("\n\r\0", 3)) == std::string::npos,
          "a JavaScript string has no line end");
}

}  // namespace

void fuzz(std::string_view input) {
  for (const Framing* framing : {&framing_v4(BinaryForm::bytes), &framing_v4(BinaryForm::base64),
                                 &framing_v3(BinaryForm::bytes), &framing_v3(BinaryForm::base64)}) {
    for (const MessageKind kind : {MessageKind::text, MessageKind::binary}) {
      check(*framing, kind, input);
      framing->read_websocket(kind, std::string(input));
    }
  }
  check_jsonp(framing_v4(), input);
  check_jsonp(framing_v3(BinaryForm::base64), input);
}

}  // namespace sioserve::fuzz
