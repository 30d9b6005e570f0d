// An inner connection that another server has made: the requests of its clients whose sessions live
// here are given to the same handlers as those that come directly. Lives on the loop's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/clock.h"
#include "server/connection/stream_handlers.h"
#include "server/forwarding/link.h"
#include "server/forwarding/loss_reports.h"
#include "server/forwarding/messages.h"
#include "server/forwarding/peer_stream.h"
#include "server/net/deferred_queue.h"
#include "server/net/loop.h"
#include "server/net/stream.h"

namespace sioserve::forwarding {

// The sessions of this server.
class Sessions {
 public:
  virtual std::unique_ptr<connection::RequestHandler> handler_of_forwarded(
      connection::Exchange& exchange) = 0;
  virtual std::unique_ptr<connection::WebSocketHandler> handler_of_forwarded(
      connection::WebSocketChannel& channel) = 0;
  // Answers the GET of this session that waits for packets, if there is one.
  virtual void release_poll(const RequestHead& head) = 0;

 protected:
  ~Sessions() = default;
};

// One request or WebSocket.
class AnswererStream {
 public:
  virtual ~AnswererStream() = default;
  // One of FromCaller, but the one that has opened the stream.
  virtual void receive(Message message) = 0;
  // The client, or the other server, has gone.
  virtual void end() = 0;
};

class Answerer final : net::StreamListener, net::DeferredTask {
 public:
  // The references outlive this object; `stream` is connected. `host`: of the other server, for log
  // lines.
  Answerer(net::Loop& loop, PeerStream stream, const std::string& secret, Sessions& sessions,
           LossReports& reports, std::string host);
  // Ends the streams.
  ~Answerer() override;

  bool is_lost() const { return lost_; }
  // The other end knows the secret.
  bool is_proved() const { return link_.ready(); }
  void advance(TimePoint now);

  // --- for the streams ---

  void send(const Message& message);
  // Bytes that the other server has not taken.
  std::size_t buffered() const { return stream_->buffered(); }
  // Ends the stream soon: its response is complete.
  void finish(StreamNumber stream);

 private:
  void dispatch(Message message);
  void open(OpenRequest& message);
  void open(OpenWebSocket& message);
  void end(StreamNumber stream);
  void lose(const std::string& reason);

  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drain() override {}
  void on_file_failed(const OpenFile&, std::string_view) override {}
  void on_broken() override;
  void on_turn_end() override;

  net::Loop& loop_;
  const PeerStream stream_;
  Sessions& sessions_;
  LossReports& reports_;
  const std::string host_;
  Link link_;
  bool has_gap_ = false;  // a message could not be sent
  bool lost_ = false;
  std::unordered_map<StreamNumber, std::unique_ptr<AnswererStream>> streams_;
  std::vector<StreamNumber> finished_;
};

}  // namespace sioserve::forwarding
