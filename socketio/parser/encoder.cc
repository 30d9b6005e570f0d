// Socket.IO protocol 5, encoding: each packet becomes one text message of exactly known length,
// and one binary message per attachment. Called wherever a packet is sent; a broadcast encodes
// once for all its receivers. Knows nothing of what the JSON says.
#include "socketio/parser/encoder.h"

#include <array>
#include <charconv>
#include <initializer_list>
#include <string>
#include <utility>

namespace sioserve::parser {
namespace {

// Decimal digits, without an allocation.
class Digits {
 public:
  explicit Digits(std::uint64_t number)
      : end_(std::to_chars(buffer_.data(), buffer_.data() + buffer_.size(), number).ptr) {}

  std::string_view view() const {
    return {buffer_.data(), static_cast<std::size_t>(end_ - buffer_.data())};
  }

 private:
  std::array<char, 20> buffer_;
  char* end_;
};

SharedBytes concatenate(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text += part;
  return share(std::move(text));
}

// The default namespace is not written.
std::string_view written(std::string_view name_space) {
  return name_space == "/" ? std::string_view() : name_space;
}

std::string_view comma_after(std::string_view name_space) { return name_space == "/" ? "" : ","; }

EncodedPacket encode_args(std::string_view type, std::string_view binary_type,
                          std::string_view name_space, EncodedArgs args, std::string_view ack_id) {
  EncodedPacket packet;
  if (args.attachments.empty()) {
    packet.text =
        concatenate({type, written(name_space), comma_after(name_space), ack_id, args.json});
    return packet;
  }
  packet.text = concatenate({binary_type, Digits(args.attachments.size()).view(), "-",
                             written(name_space), comma_after(name_space), ack_id, args.json});
  packet.attachments.reserve(args.attachments.size());
  for (std::string& attachment : args.attachments) {
    packet.attachments.push_back(share(std::move(attachment)));
  }
  return packet;
}

}  // namespace

EncodedPacket encode_connect(std::string_view name_space, std::string_view sid,
                             std::string_view pid) {
  const std::string_view before_pid = pid.empty() ? "" : "\",\"pid\":\"";
  return {concatenate({"40", written(name_space), comma_after(name_space), "{\"sid\":\"", sid,
                       before_pid, pid, "\"}"}),
          {}};
}

EncodedPacket encode_connect_error(std::string_view name_space, std::string_view payload) {
  return {concatenate({"44", written(name_space), comma_after(name_space), payload}), {}};
}

EncodedPacket encode_disconnect(std::string_view name_space) {
  return {concatenate({"41", written(name_space), comma_after(name_space)}), {}};
}

EncodedPacket encode_event(std::string_view name_space, EncodedArgs args,
                           std::optional<std::uint64_t> ack_id) {
  if (!ack_id) return encode_args("42", "45", name_space, std::move(args), "");
  return encode_args("42", "45", name_space, std::move(args), Digits(*ack_id).view());
}

void append_text(EncodedArgs& args, std::string_view text) {
  args.json.pop_back();  // the array's end
  args.json.reserve(args.json.size() + text.size() + 4);
  args.json.append(",\"").append(text).append("\"]");
}

EncodedPacket encode_ack(std::string_view name_space, EncodedArgs args, std::uint64_t ack_id) {
  return encode_args("43", "46", name_space, std::move(args), Digits(ack_id).view());
}

}  // namespace sioserve::parser
