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

// In the order of their numbers. The binary types exist only in encoded packets: a decoded packet
// with attachments has type event or ack.
enum class PacketType { connect, disconnect, event, ack, connect_error };

struct Packet {
  PacketType type;
  std::string name_space;  // begins with '/'
  std::optional<std::uint64_t> ack_id;
  // connect: an object, {} when absent; event and ack: an array; otherwise empty.
  ReceivedValue data{};
  std::optional<std::string> event{};  // its name; nullopt: a number, or not an event
  std::string query{};                 // the text after a question mark in the namespace
};

// The number of an event among all events that the server has sent: a recovered client sends the
// last one that it received. Grows, also from one process to the next.
enum class Offset : std::uint64_t {};

struct RecordedPacket;

// One packet as Engine.IO messages, which are sent together, with nothing in between.
struct EncodedPacket {
  // If it is text, it starts with Engine.IO's packet type '4', so one buffer can be used for both
  // transports and every recipient of a broadcast.
  SharedBytes message;
  std::vector<SharedBytes> attachments;  // raw bytes, in placeholder order
  // Kept for clients that may be recovered; null: it is not sent again.
  std::shared_ptr<const RecordedPacket> record = nullptr;
  MessageKind kind = MessageKind::text;  // of `message`
  Compression compression = Compression::allowed;

  std::size_t size() const {
    std::size_t bytes = message->size();
    for (const SharedBytes& attachment : attachments) bytes += attachment->size();
    return bytes;
  }
};

// One object for all recipients of a broadcast; their logs refer to it.
struct RecordedPacket {
  Offset offset;
  SharedBytes message;
  std::vector<SharedBytes> attachments;
  MessageKind kind;  // of `message`
  Compression compression;
  std::size_t bytes;  // of all messages
};

}  // namespace sioserve::parser
