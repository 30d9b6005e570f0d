// The format of @socket.io/redis-adapter 8.3 with createAdapter(), also that of
// @socket.io/redis-emitter. Per namespace NSP there are these channels:
//
//   socket.io#NSP#          broadcasts: MessagePack [uid, packet, options]
//   socket.io#NSP#ROOM#     broadcasts to exactly one room
//   socket.io-request#NSP#  requests: JSON, or MessagePack for broadcasts with acknowledgements
//   socket.io-response#NSP# answers: JSON, or MessagePack for acknowledgements
//   socket.io-response#NSP#UID#  answers of servers with publishOnSpecificResponseChannel
#pragma once

#include <string>

#include "socketio/cluster/format.h"

namespace sioserve::socketio::cluster {

class RedisAdapterCodec final : public Format {
 public:
  explicit RedisAdapterCodec(std::string prefix = "socket.io") : prefix_(std::move(prefix)) {}

  std::string make_uid() const override;
  std::vector<Channel> channels(const std::string& name_space,
                                const std::string& uid) const override;
  std::optional<std::string> room_channel(const std::string& name_space,
                                          const std::string& room) const override;
  std::string counted_channel(const std::string& name_space) const override;
  Publication encode(const std::string& uid, const std::string& name_space, const Message& message,
                     const std::string& asker) const override;
  std::optional<Received> decode(ChannelKind kind, std::string_view payload) const override;

 private:
  const std::string prefix_;
};

}  // namespace sioserve::socketio::cluster
