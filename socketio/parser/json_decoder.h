// Socket.IO packets from text messages around JSON.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
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

  // Movable only: a packet that waits for attachments is referred to from within.
  JsonDecoder(JsonDecoder&&) = default;
  JsonDecoder& operator=(JsonDecoder&&) = default;

  Result<std::optional<Packet>, DecodeError> decode_text(std::string_view message) override;
  Result<std::optional<Packet>, DecodeError> decode_binary(std::string message) override;
  std::string_view awaited_namespace() const override {
    return unfinished_ ? std::string_view(unfinished_->packet.name_space) : std::string_view();
  }

 private:
  // A packet whose attachments are still arriving.
  struct Unfinished {
    Packet packet;
    // Where each attachment belongs in the packet's data, in the order of their numbers; null for
    // an attachment that no placeholder names. Elements of the outermost array or deeper, so
    // moving the packet does not move them.
    std::vector<Json*> slots;
    std::size_t received = 0;
  };

  SocketIoConfig limits_;
  std::optional<Unfinished> unfinished_;
};

}  // namespace sioserve::parser
