// Events without an acknowledgement, as clients get them. Lives on the I/O thread; one for the
// whole server.
//
// With connection state recovery (recovery.h) each event has an offset as a last argument, a
// string, and those that are not to be dropped carry what is kept for clients that may come back.
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

  // One that may be dropped has an offset, too, so that a client does not take its last argument
  // for one, but is not recorded.
  parser::EncodedPacket encode(std::string_view name_space, EncodedArgs args, Delivery delivery,
                               Compression compression);

  const parser::Codec& codec() const { return codec_; }
  // Of the events so far.
  parser::Offset last_offset() const { return last_offset_; }

 private:
  const parser::Codec& codec_;
  const Offsets offsets_;
  parser::Offset last_offset_;
};

// As it is written; nullopt: not an offset.
std::optional<parser::Offset> to_offset(std::string_view text);

}  // namespace sioserve::socketio
