// Decodes Socket.IO packets from text messages with JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/config.h"
#include "socketio/parser/codec.h"

namespace sioserve::parser {

class JsonDecoder final : public Decoder {
 public:
  explicit JsonDecoder(const SocketIoConfig& limits) : limits_(limits) {}

  Result<std::optional<Packet>, DecodeError> decode_text(std::string_view message) override;
  Result<std::optional<Packet>, DecodeError> decode_binary(std::string message) override;
  std::string_view awaited_namespace() const override {
    return unfinished_ ? std::string_view(unfinished_->packet.name_space) : std::string_view();
  }

 private:
  // A packet whose attachments are still arriving.
  struct Unfinished {
    Packet packet;
    std::vector<bool> named;  // for each attachment: whether it has a placeholder
  };

  SocketIoConfig limits_;
  std::optional<Unfinished> unfinished_;
};

}  // namespace sioserve::parser
