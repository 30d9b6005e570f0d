// The frames of an HTTP/2 client. Whatever they are, the events follow the life of streams, the
// queues are bounded by the client's windows, and the engine's answers are frames. However the
// bytes are split, the same requests arrive.
//
// An input begins with a byte that chooses how requests are answered. Frames of the corpus follow
// the preface, which is added here.
#include <map>
#include <set>
#include <string>
#include <variant>

#include "server/base/field_syntax.h"
#include "server/http2/engine.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

using http2::Engine;
using http2::StreamId;

constexpr std::size_t max_body = 3'000;

http2::EngineLimits limits() {
  http2::EngineLimits limits;
  limits.request = {1'024, 2'048, 16, max_body, 64};
  limits.max_streams = 8;
  limits.stream_window = 1'000;
  return limits;
}

class FrameCheck final : public OutputSink {
 public:
  void write(std::string_view bytes) override {
    for (const char byte : bytes) {
      if (payload_left_ > 0) {
        --payload_left_;
        continue;
      }
      header_.push_back(byte);
      if (header_.size() < 9) continue;
      const auto octet = [this](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(header_[i]));
      };
      payload_left_ = octet(0) << 16 | octet(1) << 8 | octet(2);
      require(payload_left_ <= 16'384, "a frame has at most 16 KiB");
      require(octet(3) <= 9 && octet(3) != 2 && octet(3) != 5, "a server sends such frames");
      header_.clear();
    }
  }
  void write_owned(std::string bytes) override { write(bytes); }
  void write_file(FilePart) override { require(false, "the engine passes on no files"); }
  bool at_frame_end() const { return payload_left_ == 0 && header_.empty(); }

 private:
  std::string header_;
  std::size_t payload_left_ = 0;
};

// Answers all requests, in a way that the chooser chooses, and checks the events.
class World {
 public:
  World(Engine& engine, std::size_t manner) : engine_(engine), manner_(manner) {}

  void take_events() {
    for (;;) {
      auto events = engine_.take_events();
      if (events.empty()) return;
      for (http2::Event& event : events) {
        std::visit([this](auto& alternative) { take(alternative); }, event);
      }
    }
  }

  // The requests with their bodies, in order of their streams, without those that the client has
  // broken off by an error.
  std::string text() const {
    std::string text;
    for (const auto& [stream, request] : requests_) text += request + "\n";
    return text;
  }

 private:
  void take(http2::RequestReceived& event) {
    require(open_.insert(event.stream).second, "a stream begins once");
    const RequestHead& head = *event.request.head;
    std::string text = head.method + " " + head.raw_path + "?" + head.query_string;
    std::size_t bytes = 0;
    for (const HeaderView& header : head.headers) {
      require(is_token(header.name), "a header's name is a token");
      require(is_field_value(header.value), "a header's value has no line end");
      bytes += header.name.size() + header.value.size();
      text.append("\n").append(header.name).append("=").append(header.value);
    }
    require(bytes <= limits().request.max_header_bytes, "headers are within the limit");
    require(head.headers.size() <= limits().request.max_headers, "headers are within the limit");
    if (!event.request.error) {
      require(is_token(head.method), "a method is a token");
      require(head.raw_path == "*" || head.raw_path.starts_with('/'), "a path begins with a slash");
    }
    requests_[event.stream] = text + "\n\n";
    if (event.part == BodyPart::last) ended_.insert(event.stream);
    answer(event.stream);
  }
  void take(http2::RequestMalformed& event) {
    require(!open_.contains(event.stream), "a malformed request has no stream");
  }
  void take(http2::BodyReceived& event) {
    require(open_.contains(event.stream), "a body has a stream");
    require(!ended_.contains(event.stream), "a body ends once");
    if (event.part == BodyPart::last) ended_.insert(event.stream);
    requests_[event.stream] += event.body();
    bodies_[event.stream] += event.body().size();
    require(bodies_[event.stream] <= max_body, "a body is within the limit");
    if (manner_ % 2 == 0) engine_.consume(event.stream, event.body().size());
  }
  void take(http2::BodyTooLarge& event) {
    require(open_.contains(event.stream), "a body has a stream");
    ended_.insert(event.stream);
  }
  void take(http2::Drained& event) {
    require(open_.contains(event.stream), "a queue has a stream");
  }
  void take(http2::FileWanted& event) {
    engine_.give_file_bytes(event.stream, std::string(event.part.size, 'f'));
  }
  void take(http2::StreamClosed& event) {
    open_.erase(event.stream);
    // The bytes of a frame that exceeds the window arrive until the window is full if they come one
    // by one, and not at all if they come together.
    if (event.peer_fault) requests_.erase(event.stream);
  }
  void take(http2::ClientLeaves&) {
    if (manner_ % 7 < 5) engine_.shut_down();
  }
  void take(http2::ShutdownAnnounced&) {}

  void answer(StreamId stream) {
    switch (manner_ % 7) {
      case 0:
        engine_.send_head(stream, 204, {}, http2::HeadEnd::stream);
        break;
      case 1:
        engine_.send_head(stream, 200, {{"x-a", "1"}}, http2::HeadEnd::body);
        engine_.send(stream, std::string(5'000, 'a'));
        engine_.end(stream);
        break;
      case 2:
        engine_.send_interim(stream, 103, {{"link", "</a>"}});
        engine_.send_head(stream, 200, {}, http2::HeadEnd::body);
        engine_.send(stream, FilePart{nullptr, 0, 300});
        engine_.end(stream, {{"x-b", "2"}});
        break;
      case 3:
        engine_.send_head(stream, 200, {}, http2::HeadEnd::body);
        engine_.reset(stream, http2::ErrorCode::internal_error);
        break;
      case 4:
        engine_.send_head(stream, 200, {}, http2::HeadEnd::body);
        engine_.set_window(stream, 5'000);
        break;
      default:
        break;  // never
    }
  }

  Engine& engine_;
  const std::size_t manner_;
  std::set<StreamId> open_;
  std::set<StreamId> ended_;
  std::map<StreamId, std::size_t> bodies_;
  std::map<StreamId, std::string> requests_;
};

std::string serve(const Pieces& pieces, std::size_t manner) {
  Engine engine(limits());
  World world(engine, manner);
  FrameCheck frames;
  TimePoint now{std::chrono::hours(1)};
  const auto write = [&] {
    engine.write(frames, 100'000, now);
    require(frames.at_frame_end(), "frames are written completely");
    world.take_events();
  };
  engine.feed(http2::client_preface, now);
  for (const std::string_view piece : pieces) {
    engine.feed(piece, now);
    world.take_events();
    write();
    write();
    if (engine.fault()) return "";
    now += Milliseconds(1);
  }
  return world.text();
}

}  // namespace

void fuzz(std::string_view input) {
  if (input.empty()) return;
  const std::size_t manner = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const std::string text = serve(whole(input), manner);
  serve(in_pieces(input), manner);
  const std::string split = serve(byte_by_byte(input), manner);
  // Where nothing is sent in between that would change what the client may do.
  const bool passive = manner % 7 >= 5 && manner % 2 == 1;
  if (passive && !text.empty() && !split.empty()) {
    require(split == text, "the requests are the same byte by byte");
  }
}

}  // namespace sioserve::fuzz
