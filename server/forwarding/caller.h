// The inner connection to another server, for requests of clients whose sessions live there. It is
// made with the first request, and closed some time after the last one. Lives on the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/forwarding/link.h"
#include "server/forwarding/loss_reports.h"
#include "server/forwarding/messages.h"
#include "server/forwarding/peer_stream.h"
#include "server/forwarding/peer_tls.h"
#include "server/net/connector.h"
#include "server/net/loop.h"
#include "server/net/stream.h"

namespace sioserve::forwarding {

// One request or WebSocket of a client.
class CallerStream {
 public:
  // One of FromAnswerer.
  virtual void receive(Message message) = 0;
  // The other server stops to answer. The last call.
  virtual void lost() = 0;
  // This server stops: a request that waits is to be answered.
  virtual void release() {}

 protected:
  ~CallerStream() = default;
};

class Caller final : net::StreamListener {
 public:
  // The arguments, except the address, outlive this object.
  Caller(net::Loop& loop, const Address& address, const std::string& secret, PeerTls& tls,
         LossReports& reports);
  // Streams are lost.
  ~Caller();

  // A number for a new stream; the connection may be lost within send().
  StreamNumber add(CallerStream& stream);
  // The stream gets no more calls.
  void remove(StreamNumber stream) { streams_.erase(stream); }
  void send(Message message);

  // For good: streams that are added now would get no answers.
  bool is_lost() const { return state_ == State::lost; }
  // Not used for a while.
  bool is_idle(TimePoint now) const;
  void release_all();
  void advance(TimePoint now);

 private:
  enum class State { connecting, connected, lost };

  void on_connected(net::Connector::Connected connected);
  void dispatch(Message message);
  void lose(const std::string& reason);
  void end_stream();

  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drain() override {}
  void on_file_failed(const OpenFile&, std::string_view) override {}
  void on_broken() override;

  net::Loop& loop_;
  const std::string shown_;  // the address
  const std::string& secret_;
  PeerTls& tls_;
  LossReports& reports_;
  State state_ = State::connecting;
  net::Connector connector_;
  std::optional<PeerStream> stream_;
  std::optional<Link> link_;
  std::vector<Message> waiting_;  // for the connection
  bool has_gap_ = false;          // a message could not be sent
  std::unordered_map<StreamNumber, CallerStream*> streams_;
  std::uint32_t last_stream_ = 0;
  TimePoint used_;
};

}  // namespace sioserve::forwarding
