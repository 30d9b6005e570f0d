// The input of a WebSocket, with and without compression. However the bytes are split, the reader
// returns the same messages and the same output; no message is larger than the limit; and a message
// can be written again, compressed or not.
#include <memory>
#include <string>
#include <utility>

#include "server/base/utf8.h"
#include "server/ws/frame.h"
#include "server/ws/message_reader.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using ws::ContextTakeover;
using ws::MessageReader;

constexpr ws::MessageLimits limits{1'000, 600};
constexpr int window_bits = 12;

enum class Compression { none, with_takeover, without_takeover };

std::unique_ptr<ws::Inflater> inflater_of(Compression compression) {
  switch (compression) {
    case Compression::none:
      return nullptr;
    case Compression::with_takeover:
      return std::make_unique<ws::Inflater>(window_bits, ContextTakeover::on);
    case Compression::without_takeover:
      return std::make_unique<ws::Inflater>(window_bits, ContextTakeover::off);
  }
  return nullptr;
}

struct Outcome {
  std::vector<ws::Message> messages;
  std::string text;
};

// Checks that they are complete, unmasked control frames. Returns those before a close frame.
std::string_view pongs_of(std::string_view output) {
  const std::string_view all = output;
  while (!output.empty()) {
    require(output.size() >= 2, "the output has complete frames");
    const auto first = static_cast<unsigned char>(output[0]);
    require(first == 0x88 || first == 0x8a, "the output is pongs and close frames");
    const auto size = static_cast<unsigned char>(output[1]);
    require(size <= 125 && output.size() >= 2u + size, "the output has complete frames");
    if (first == 0x88) {
      require(output.size() == 2u + size, "nothing follows a close frame");
      break;
    }
    output.remove_prefix(2u + size);
  }
  return all.substr(0, all.size() - output.size());
}

enum class Memory { kept, released };

Outcome read(const Pieces& pieces, Compression compression, Memory memory) {
  ws::ParserPool parsers;
  Outcome outcome;
  std::string output;
  MessageReader reader(parsers, limits, inflater_of(compression));
  for (const std::string_view piece : pieces) {
    reader.feed(piece, outcome.messages);
    output += reader.take_output();
    if (memory == Memory::released) reader.release_memory();
  }
  for (const ws::Message& message : outcome.messages) {
    require(message.payload.size() <= limits.message, "a message is within the limit");
    const bool is_text = message.kind == MessageKind::text;
    require(!is_text || is_utf8(message.payload), "a text is UTF-8");
    outcome.text += is_text ? "\nt:" : "\nb:";
    outcome.text += message.payload;
  }
  outcome.text += '\n';
  outcome.text += pongs_of(output);
  // The close code is left out: wslay checks a close frame's reason in parts, and the result may
  // depend on them.
  outcome.text += reader.state() == MessageReader::State::closed ? "closed" : "open";
  return outcome;
}

// The frame as a client sends it: a server's header has no mask.
std::string masked(const ws::FrameHeader& header, std::string_view payload) {
  constexpr std::string_view mask = "\x12\x34\x56\x78";
  std::string frame(header.bytes());
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80);
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ mask[i % mask.size()]);
  }
  return frame;
}

void check_writing(const std::vector<ws::Message>& messages, Compression compression) {
  constexpr ws::MessageLimits of_rewritten{limits.message, 2 * limits.message};
  const auto takeover =
      compression == Compression::with_takeover ? ContextTakeover::on : ContextTakeover::off;
  ws::Deflater deflater(window_bits, takeover);
  ws::ParserPool parsers;
  MessageReader reader(parsers, of_rewritten, inflater_of(compression));
  for (const ws::Message& message : messages) {
    const bool deflate = compression != Compression::none;
    const std::string payload = deflate ? deflater.compress(message.payload) : message.payload;
    const ws::FrameHeader header(message.kind, payload.size(),
                                 deflate ? ws::Encoding::deflated : ws::Encoding::plain);
    std::vector<ws::Message> again;
    reader.feed(masked(header, payload), again);
    require(again.size() == 1 && again[0].kind == message.kind,
            "a packet that was read can be written");
    require(again[0].payload == message.payload, "a packet that was read can be written");
  }
}

}  // namespace

void fuzz(std::string_view input) {
  // Whether an incomplete control frame is invalid may not be known yet, so it is completed.
  const std::string completed = std::string(input) + std::string(140, '\0');
  input = completed;
  for (const Compression compression :
       {Compression::none, Compression::with_takeover, Compression::without_takeover}) {
    const Outcome outcome = read(whole(input), compression, Memory::kept);
    require(read(byte_by_byte(input), compression, Memory::kept).text == outcome.text,
            "the result is the same byte by byte");
    require(read(in_pieces(input), compression, Memory::released).text == outcome.text,
            "the result is the same in parts");
    check_writing(outcome.messages, compression);
  }
}

}  // namespace sioserve::fuzz
