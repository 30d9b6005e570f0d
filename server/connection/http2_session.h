// HTTP/2 on one connection: an exchange for each of its streams, at the same time. The engine
// handles frames; the session routes its events to the streams, writes its output as fast as the
// socket takes it, and decides how long the connection lives.
//
// The end has two steps (RFC 9113 section 6.8). In the first, the client is told to begin no more
// requests, and those that are on their way are served. When the client has answered, or after a
// short time, later ones are ignored; the connection is closed when the last stream has ended.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/connection/connection.h"
#include "server/connection/http2_stream.h"
#include "server/connection/http_deadlines.h"
#include "server/connection/protocol.h"
#include "server/http2/engine.h"
#include "server/net/file_portion.h"

namespace sioserve::connection {

class Http2Session final : public Protocol, private Http2StreamOwner {
 public:
  // `input`: bytes that have already arrived, from the client's preface on.
  explicit Http2Session(Connection& connection, std::string input = {});
  ~Http2Session() override;

  // Protocol
  void on_read(std::string_view bytes) override;
  void on_end() override {}  // followed by advance()
  void on_drain() override;
  void on_broken() override;
  void begin_stop() override;
  void on_deadline() override;
  void advance() override;
  TimePoint deadline() const override;

 private:
  using Wait = ConnectionWait;

  // closing: the client has been told; refusing: later requests are ignored.
  enum class State { serving, closing, refusing, ended };

  void on_stream_touched(Http2Stream& stream) override;
  Count::Ticket take_wide_window() override;
  bool admit_violation() override;

  void take_events();
  void take(http2::RequestReceived& event);
  void take(http2::RequestMalformed& event);
  void take(http2::BodyReceived& event);
  void take(http2::BodyTooLarge& event);
  void take(http2::Drained& event);
  void take(http2::FileWanted& event);
  void take(http2::StreamClosed& event);
  void take(http2::ClientLeaves& event);
  void take(http2::ShutdownAnnounced& event);

  void take_file_portion(http2::StreamId id, net::FilePortion portion, const OpenFile& file);
  Http2Stream* find(http2::StreamId id) const;
  void settle_streams();
  // Whether anything was written.
  bool write();
  void take_client_end();
  void control_reading();
  void update_waits();
  void begin_closing();
  void warn_of_flood();
  void refuse_requests();
  void end_if_done();
  void report_violations();
  void report_fault(const http2::Fault& fault);
  void end_streams();
  void end(ConnectionEnd how);
  bool is_idle() const;
  Context& context() const { return connection_.context(); }

  Connection& connection_;
  http2::Engine engine_;
  State state_ = State::serving;
  ConnectionDeadlines deadlines_;
  SharedEndpoints endpoints_;  // of the latest request
  std::string kept_;           // input before the first advance()
  std::size_t requests_ = 0;
  bool begun_ = false;          // the first request
  bool is_warned_ = false;      // of a flood
  std::string malformed_;       // why a request is, which is not reported yet
  bool has_violation_ = false;  // which the log has, or leaves out
  Count wide_windows_;
  std::unordered_map<http2::StreamId, std::unique_ptr<Http2Stream>> streams_;
  std::vector<http2::StreamId> touched_;
  // For files that are being read when the session is destroyed, which sets it to null.
  const std::shared_ptr<Http2Session*> alive_ = std::make_shared<Http2Session*>(this);
};

}  // namespace sioserve::connection
