// The format of @socket.io/redis-adapter 8.3 with createAdapter(), also that of
// @socket.io/redis-emitter. Per namespace NSP there are these channels:
//
//   socket.io#NSP#          broadcasts: MessagePack [uid, packet, options]
//   socket.io#NSP#ROOM#     broadcasts to exactly one room
//   socket.io-request#NSP#  requests: JSON, or MessagePack for broadcasts with acknowledgements
//   socket.io-response#NSP# answers: JSON, or MessagePack for acknowledgements
//   socket.io-response#NSP#UID#  answers of servers with publishOnSpecificResponseChannel
//
// The options of our broadcasts, and our requests, have a member "seq" with the number of the
// message, which other receivers ignore.
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
  std::string sister_channel() const override { return prefix_ + "-sioserve#"; }
  std::string counted_channel(const std::string& name_space) const override;
  std::string channel_for(const std::string& name_space, const Message& message,
                          const std::string& asker) const override;
  std::string encode(const Origin& origin, const std::string& name_space,
                     const Message& message) const override;
  bool is_written_by(const std::string& uid, ChannelKind kind,
                     std::string_view payload) const override;
  std::optional<Received> decode(ChannelKind kind, std::string_view payload) const override;

 private:
  const std::string prefix_;
};

}  // namespace sioserve::socketio::cluster
