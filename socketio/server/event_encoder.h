// Encodes events without an acknowledgement. Lives on the I/O thread; one for the whole server.
//
// With connection state recovery (recovery.h), each event gets an offset as its last argument, a
// string. Events that are not volatile also get the record that is kept for clients that may be
// recovered.
#pragma once

#include <optional>
#include <string_view>

#include "server/port/messages.h"
#include "socketio/parser/codec.h"
#include "socketio/parser/packet.h"

namespace sioserve::socketio {

class EventEncoder {
 public:
  enum class Offsets { none, numbered };

  // `codec` outlives this object.
  EventEncoder(const parser::Codec& codec, Offsets offsets);

  // A volatile event also gets an offset, because the client would take its last argument for one,
  // but it is not recorded.
  parser::EncodedPacket encode(std::string_view name_space, EncodedArgs args, Delivery delivery,
                               Compression compression);

  const parser::Codec& codec() const { return codec_; }
  // The offset of the latest event.
  parser::Offset last_offset() const { return last_offset_; }

 private:
  const parser::Codec& codec_;
  const Offsets offsets_;
  parser::Offset last_offset_;
};

// Parses an offset from a client; nullopt if it is not one.
std::optional<parser::Offset> to_offset(std::string_view text);

}  // namespace sioserve::socketio
