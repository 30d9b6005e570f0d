// The format of python-socketio 5.18 with RedisManager or AsyncRedisManager: JSON objects with a
// member "method" on one channel for all namespaces. Messages in pickle, of old versions, are never
// read.
//
//   emit                    for rooms (an id is a room too), except clients with these ids
//   enter_room, leave_room  of the client with an id, into one room
//   disconnect              of the client with an id
//   close_room              all leave a room
//   callback                the acknowledgement of an emit with a callback, for the server that
//   emitted
//
// It has no messages for other requests. Those go to the servers of sioserve only, in the format of
// RedisAdapterCodec. So do changes of several sockets. Our messages have further members that
// python-socketio ignores: "seq" with the number of the message, "flags" and "close".
#pragma once

#include <string>

#include "socketio/cluster/format.h"
#include "socketio/cluster/redis_adapter_codec.h"

namespace sioserve::socketio::cluster {

class PythonSocketIoCodec final : public Format {
 public:
  explicit PythonSocketIoCodec(std::string channel = "socketio")
      : channel_(std::move(channel)), sisters_(channel_ + "-sioserve") {}

  std::string make_uid() const override;
  std::vector<Channel> channels(const std::string& name_space,
                                const std::string& uid) const override;
  std::optional<std::string> room_channel(const std::string& name_space,
                                          const std::string& room) const override;
  std::string sister_channel() const override { return sisters_.sister_channel(); }
  // Of servers of sioserve: others answer nothing.
  std::string counted_channel(const std::string& name_space) const override;
  bool is_for_all_namespaces(std::string_view channel) const override {
    return channel == channel_;
  }
  RoomsPerChange rooms_per_change() const override { return RoomsPerChange::one; }
  std::string channel_for(const std::string& name_space, const Message& message,
                          const std::string& asker) const override;
  std::string encode(const Origin& origin, const std::string& name_space,
                     const Message& message) const override;
  std::optional<Received> decode(ChannelKind kind, std::string_view payload) const override;

 private:
  const std::string channel_;
  const RedisAdapterCodec sisters_;
};

}  // namespace sioserve::socketio::cluster
