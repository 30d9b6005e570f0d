// How messages between servers are written, and on which channels. Stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/cluster/messages.h"

namespace sioserve::socketio::cluster {

// What is published on a channel.
enum class ChannelKind { messages, requests, answers };

struct Channel {
  std::string name;
  ChannelKind kind;
};

// Who publishes a message, and which one it is.
struct Origin {
  std::string uid;  // of the server
  // Of the message (message_numbers.h). Answers have none.
  std::optional<std::uint64_t> number = std::nullopt;
};

struct Received {
  std::string sender;      // the uid of the server; empty: not said
  std::string name_space;  // empty: that of the channel
  Message message;
  std::optional<std::uint64_t> number = std::nullopt;
};

class Format {
 public:
  virtual ~Format() = default;

  // A new uid of a server, and a new name of a request.
  virtual std::string make_uid() const = 0;

  // The channels of a namespace, to which the server `uid` subscribes.
  virtual std::vector<Channel> channels(const std::string& name_space,
                                        const std::string& uid) const = 0;
  // The channel of a room, which servers with members subscribe to. Nullopt: its messages are on a
  // channel of the namespace.
  virtual std::optional<std::string> room_channel(const std::string& name_space,
                                                  const std::string& room) const = 0;
  // Of messages between servers of sioserve alone (sister_messages.h).
  virtual std::string sister_channel() const = 0;
  // The one whose subscribers are the servers that have the namespace.
  virtual std::string counted_channel(const std::string& name_space) const = 0;

  // Whether messages on this channel may be in namespaces that this server does not have.
  virtual bool is_for_all_namespaces(std::string_view /*channel*/) const { return false; }
  // How many rooms one JoinRooms or LeaveRooms may name.
  enum class RoomsPerChange { any, one };
  virtual RoomsPerChange rooms_per_change() const { return RoomsPerChange::any; }
  // Where the message is published; empty: nowhere, because no other server can use it. `asker`:
  // for an answer, the server that has asked.
  virtual std::string channel_for(const std::string& name_space, const Message& message,
                                  const std::string& asker) const = 0;
  virtual std::string encode(const Origin& origin, const std::string& name_space,
                             const Message& message) const = 0;
  // Whether the payload is from the server `uid`, if its first bytes say so: then it need not be
  // decoded. False: decode() says whose it is.
  virtual bool is_written_by(const std::string& /*uid*/, ChannelKind, std::string_view) const {
    return false;
  }
  // Nullopt: it is malformed, or of a type that this server does not know.
  virtual std::optional<Received> decode(ChannelKind kind, std::string_view payload) const = 0;
};

}  // namespace sioserve::socketio::cluster
