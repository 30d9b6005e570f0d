#include "socketio/server/event_encoder.h"

#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace sioserve::socketio {
namespace {

using parser::Offset;

constexpr int offset_base = 36;

// Starts at the time in microseconds: a client may still send an offset of an earlier server
// process, which must not be equal to a new one. No server sends a million events per second for
// long.
Offset first_offset() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  return Offset{static_cast<std::uint64_t>(microseconds)};
}

// Appends the offset as one more argument; it needs no escapes in JSON.
void append_offset(EncodedArgs& args, Offset offset) {
  std::array<char, 16> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                 static_cast<std::uint64_t>(offset), offset_base);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  args.json.pop_back();  // the "]" at the end
  args.json.reserve(args.json.size() + text.size() + 4);
  args.json.append(",\"").append(text).append("\"]");
}

}  // namespace

std::optional<Offset> to_offset(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, offset_base);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return Offset{number};
}

EventEncoder::EventEncoder(const parser::Codec& codec, Offsets offsets)
    : codec_(codec), offsets_(offsets), last_offset_(first_offset()) {}

parser::EncodedPacket EventEncoder::encode(std::string_view name_space, EncodedArgs args,
                                           Delivery delivery, Compression compression) {
  const bool numbered = offsets_ == Offsets::numbered;
  if (numbered) {
    last_offset_ = Offset{static_cast<std::uint64_t>(last_offset_) + 1};
    append_offset(args, last_offset_);
  }
  auto packet = codec_.encode_event(name_space, std::move(args), std::nullopt);
  packet.compression = compression;
  if (numbered && delivery == Delivery::reliable) {
    packet.record = std::make_shared<const parser::RecordedPacket>(
        parser::RecordedPacket{last_offset_, packet.message, packet.attachments, packet.kind,
                               packet.compression, packet.size()});
  }
  return packet;
}

}  // namespace sioserve::socketio
