// The server's side of one HTTP/2 connection (RFC 9113), on nghttp2: bytes in, events out; commands
// in, bytes out. Knows nothing of sockets, of the clock and of what requests mean.
//
// The owner feeds input, and then takes the events. Its commands for streams are queued; write()
// makes frames of them, as far as the client's windows and the given room allow. write() also
// causes events: streams close, and their queues become shorter.
//
// A stream exists from RequestReceived to StreamClosed. A command for another one does nothing. The
// client's resets, and errors that concern one stream only, close that stream. Other errors, and
// floods (flood_guard.h), close the connection: GOAWAY is written, then finished() is true.
//
// Received bytes of a body count as received until the owner consumes them; so a stream whose body
// nobody takes is not sent more than its window, and does not hold up others. Streams are written
// in turn, whatever priorities the client asks for (RFC 9218 leaves that to the server).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/clock.h"
#include "server/base/file_part.h"
#include "server/base/header_block.h"
#include "server/base/http_values.h"
#include "server/base/output_sink.h"
#include "server/http/request_parser.h"
#include "server/http2/closed_streams.h"
#include "server/http2/events.h"
#include "server/http2/flood_guard.h"
#include "server/http2/frame_scanner.h"
#include "server/http2/request_builder.h"
#include "server/http2/stream.h"
#include "server/http2/values.h"

struct nghttp2_session;

namespace sioserve::http2 {

struct EngineLimits {
  http::ParserLimits request;
  std::uint32_t max_streams = 100;            // open at the same time
  std::uint32_t stream_window = 65'535;       // bytes of a body that the client may send ahead
  std::uint32_t connection_window = 1 << 24;  // the same, of all streams
};

// Why the connection ends.
struct Fault {
  ErrorCode code;
  std::string reason;
  std::optional<Flood> flood;
};

// Whether something follows a head.
enum class HeadEnd { body, stream };

// Which window of the client has no room.
enum class HeldBack { no, by_stream, by_connection };

class Engine {
 public:
  explicit Engine(const EngineLimits& limits);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  // The events borrow from the input.
  void feed(std::string_view input, TimePoint now);
  // Those since the last call, in order.
  std::vector<Event> take_events();

  // Writes frames until nothing is left or about `room` bytes have been written. Whether there were
  // any.
  bool write(OutputSink& sink, std::size_t room, TimePoint now);
  // Whether write() would write something.
  bool wants_to_write() const;

  // A part of a head has been received, but not its end.
  bool within_head() const { return scanner_.within_head(); }
  // Nothing more can be received or sent: the connection must be closed.
  bool finished() const;
  // Once the connection ends because of an error.
  const std::optional<Fault>& fault() const { return fault_; }

  // --- commands for one stream ---

  // An interim response (RFC 9110 section 15.2).
  void send_interim(StreamId stream, std::uint16_t status, const HeaderBlock& headers);
  // Once. The headers must be valid, and without fields of HTTP/1's connections.
  void send_head(StreamId stream, std::uint16_t status, const HeaderBlock& headers, HeadEnd end);
  // Parts of the body, after the head.
  void send(StreamId stream, std::string bytes);
  void send(StreamId stream, std::string_view bytes);
  void send(StreamId stream, const SharedBytes& bytes);
  // FileWanted asks for its bytes.
  void send(StreamId stream, FilePart part);
  // Ends the response behind what is queued, with trailers if there are any. If the request has not
  // ended, the client is then told to stop sending (RFC 9113 section 8.1).
  void end(StreamId stream, HeaderBlock trailers = {});
  void reset(StreamId stream, ErrorCode code);
  // Requests above EngineLimits' number of streams since the last call, which were refused.
  std::size_t take_refused() { return std::exchange(refused_, 0); }
  // Resets a stream whose client opens no window for what is unsent. Many of them are a flood.
  void cut_stalled(StreamId stream, TimePoint now);

  // The bytes that FileWanted asked for, from its start; at least one.
  void give_file_bytes(StreamId stream, std::string bytes);

  // The owner has taken so many bytes of BodyReceived.
  void consume(StreamId stream, std::size_t bytes);
  // Lets the client send so much ahead on this stream from now on.
  void set_window(StreamId stream, std::uint32_t bytes);

  // Bytes of the body that are not written yet.
  std::size_t queued(StreamId stream) const;
  // Whether something of the response is not written yet: bytes, or only its end.
  bool unsent(StreamId stream) const;
  // Why it is not.
  HeldBack held_back(StreamId stream) const;
  // When bytes of any stream were last written.
  TimePoint data_sent_at() const { return data_sent_at_; }
  // Whether send_head() was called.
  bool response_begun(StreamId stream) const;

  // --- the end of the connection (RFC 9113 section 6.8) ---

  // Tells the client to begin no more requests; those that are on their way are still served.
  // ShutdownAnnounced follows when the client has got this.
  void announce_shutdown();
  // Later requests are ignored; the client may repeat them elsewhere.
  void shut_down();
  // Whether the client sends so much of what it should not that it is better told to leave, with
  // announce_shutdown().
  bool is_near_flood() const { return guard_.is_near(); }
  // Ends the connection.
  void terminate(ErrorCode code);

 private:
  struct Callbacks;
  struct DeleteSession {
    void operator()(nghttp2_session* session) const;
  };

  Stream* find(StreamId stream) const;
  template <typename Add>
  void queue(StreamId stream, Add add);
  void resume(Stream& stream);
  void fail(ErrorCode code, std::string reason);
  void check_for_flood();
  bool on_frame(const FrameHeader& frame);
  void check_stream_of_frame(std::int32_t stream);
  void note_drained(Stream& stream);
  void receive_data(Stream& stream, std::string_view bytes);
  void end_request(Stream& stream);
  void close(Stream& stream, ErrorCode code);

  const EngineLimits limits_;
  std::unique_ptr<nghttp2_session, DeleteSession> session_;
  std::unordered_map<std::int32_t, Stream> streams_;
  std::vector<Event> events_;
  FrameScanner scanner_;
  FloodGuard guard_;
  RequestBuilder builder_;
  std::optional<Fault> fault_;
  std::string malformed_;    // what is wrong with the header block, if nghttp2 has said it
  std::uint64_t batch_ = 1;  // of events; take_events() begins the next one
  TimePoint now_{};
  std::size_t refused_ = 0;
  TimePoint data_sent_at_{};
  std::optional<std::int32_t> last_served_;  // later requests are refused
  ClosedStreams closed_;
  OutputSink* sink_ = nullptr;  // within write()
  std::size_t room_ = 0;        // the same
};

}  // namespace sioserve::http2
