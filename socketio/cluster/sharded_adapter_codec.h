// The format of @socket.io/redis-adapter 8.3 with createShardedAdapter() and its default
// subscription mode "dynamic". Per namespace NSP there are these channels, of sharded
// publish/subscribe:
//
//   socket.io#NSP#       all messages but those below
//   socket.io#NSP#UID#   answers for this server
//   socket.io#NSP#ROOM#  broadcasts without acknowledgement to exactly one room; not for rooms
//   whose
//                        names have 20 characters, as the ids of clients have
//
// A message is {type, data, uid, nsp} as JSON, or as MessagePack if it has bytes. Ours have a
// member "seq" with the number of the message, which other receivers ignore.
#pragma once

#include <string>

#include "socketio/cluster/format.h"

namespace sioserve::socketio::cluster {

class ShardedAdapterCodec final : public Format {
 public:
  explicit ShardedAdapterCodec(std::string prefix = "socket.io") : prefix_(std::move(prefix)) {}

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
  std::optional<Received> decode(ChannelKind kind, std::string_view payload) const override;

 private:
  const std::string prefix_;
};

}  // namespace sioserve::socketio::cluster
