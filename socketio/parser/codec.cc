#include "socketio/parser/codec.h"

#include "socketio/parser/json_codec.h"
#include "socketio/parser/msgpack_codec.h"

namespace sioserve::parser {

std::unique_ptr<const Codec> make_codec(const SocketIoConfig& config) {
  switch (config.parser) {
    case SocketIoConfig::Parser::json:
      return std::make_unique<JsonCodec>(config);
    case SocketIoConfig::Parser::msgpack:
      return std::make_unique<MsgpackCodec>(config);
  }
  __builtin_unreachable();
}

}  // namespace sioserve::parser
