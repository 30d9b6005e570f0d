// Socket.IO packets (protocol 5) as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/compression.h"
#include "server/port/event_args.h"

namespace sioserve::parser {

// In wire order. The binary types exist only on the wire: a decoded packet that carried attachments
// has type event or ack.
enum class PacketType { connect, disconnect, event, ack, connect_error };

struct Packet {
  PacketType type;
  std::string name_space;  // begins with '/'
  std::optional<std::uint64_t> ack_id;
  // connect: an object, {} when absent; event and ack: an array; otherwise empty.
  ReceivedValue data{};
  std::optional<std::string> event{};  // its name; nullopt: it is a number, or no event
  std::string query{};                 // what followed the namespace's name behind a question mark
};

// The place of an event among all that the server has sent: for clients that come back and say what
// they had received. Grows, also from one process to the next.
enum class Offset : std::uint64_t {};

struct RecordedPacket;

// One packet as Engine.IO messages. They go out together: nothing may come between them.
struct EncodedPacket {
  // If it is text, with Engine.IO's packet type '4' already in front, so that one buffer serves
  // both transports and every receiver of a broadcast.
  SharedBytes message;
  std::vector<SharedBytes> attachments;  // raw bytes, in placeholder order
  // What is kept of it for a client that may come back; null: it is not sent again.
  std::shared_ptr<const RecordedPacket> record = nullptr;
  MessageKind kind = MessageKind::text;  // of `message`
  Compression compression = Compression::allowed;

  std::size_t size() const {
    std::size_t bytes = message->size();
    for (const SharedBytes& attachment : attachments) bytes += attachment->size();
    return bytes;
  }
};

// One object for all receivers of a broadcast, whose logs refer to it.
struct RecordedPacket {
  Offset offset;
  SharedBytes message;
  std::vector<SharedBytes> attachments;
  MessageKind kind;  // of `message`
  Compression compression;
  std::size_t bytes;  // of all messages
};

}  // namespace sioserve::parser
