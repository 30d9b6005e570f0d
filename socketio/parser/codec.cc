#include "socketio/parser/codec.h"

#include "socketio/parser/json_codec.h"

namespace sioserve::parser {

std::unique_ptr<const Codec> make_codec(const SocketIoConfig& config) {
  return std::make_unique<JsonCodec>(config);
}

}  // namespace sioserve::parser
