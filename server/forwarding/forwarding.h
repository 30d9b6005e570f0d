// Makes sticky sessions unnecessary: a request whose session lives on another server of the cluster
// is answered by that server.
//
//   client -- GET, POST, upgrade --> this server -- inner connection --> the server of the session
//             ForwardedRequest, ForwardedWebSocket, Caller     Answerer, RemoteExchange,
//             RemoteChannel
//
// The sids of sessions end with the tag of their server. Servers announce the addresses of their
// tags over the bus (directory.h). A request with a tag that is not known is handled here, and gets
// the usual answer to an unknown sid. Lives on the loop's thread; constructed, and given its
// socket, before the loop runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/http_values.h"
#include "server/base/limit_episode.h"
#include "server/base/logger.h"
#include "server/base/result.h"
#include "server/connection/stream_handlers.h"
#include "server/forwarding/answerer.h"
#include "server/forwarding/caller.h"
#include "server/forwarding/directory.h"
#include "server/forwarding/forwarded_request.h"
#include "server/forwarding/loss_reports.h"
#include "server/forwarding/peer_tls.h"
#include "server/net/listener.h"
#include "server/net/listening_socket.h"
#include "server/net/loop.h"
#include "server/net/timer.h"
#include "server/tls/peer_files.h"
#include "socketio/cluster/bus.h"

namespace sioserve::forwarding {

struct ForwardingSettings {
  std::string secret;
  std::string channel;                     // of the announcements
  Address announced;                       // where other servers reach the listening socket
  std::optional<tls::PeerFiles> tls = {};  // nullopt: inner connections are not encrypted
};

class Forwarding final : net::AcceptHandler {
 public:
  // The arguments outlive this object. `refuse`: answers requests if the server of their session
  // can't be reached. `websocket_settings`: of forwarded WebSockets.
  Forwarding(net::Loop& loop, net::ListeningSocket socket, ForwardingSettings settings,
             socketio::cluster::Bus& bus, Sessions& sessions, Refuse refuse,
             const WebSocketConfig& websocket_settings, const Logger& logger);
  // Streams are ended.
  ~Forwarding();

  // Once, before the loop runs: reads the files of ForwardingSettings::tls, and then watches them.
  // The error is a sentence without its end.
  Result<std::monostate, std::string> load_certificates() { return tls_.load(); }
  // Reads them again.
  void reload_certificates() { tls_.reload(); }

  // At the end of the sids of this server's sessions.
  const std::string& tag() const { return directory_.tag(); }

  // Whether another server answers this request.
  bool is_elsewhere(const RequestHead& head) const;
  // Only if is_elsewhere().
  std::unique_ptr<connection::RequestHandler> make_handler(connection::Exchange& exchange);
  std::unique_ptr<connection::WebSocketHandler> make_handler(connection::WebSocketChannel& channel);

  // --- the bus ---

  // True: it was on the channel of the announcements.
  bool message_received(std::string_view channel, std::string_view payload);
  void bus_connected();
  void bus_interrupted() { directory_.interrupted(); }

  // The server stops: nothing is forwarded here any more, and the clients of other servers get
  // answers to the requests that wait.
  void begin_stop();

 private:
  void on_accept(FileDescriptor socket, Endpoints endpoints) override;
  void on_accept_paused(const std::string& reason) override;
  void announce(Announcement announcement);
  void tick();
  Caller& caller_for(const RequestHead& head);

  net::Loop& loop_;
  const ForwardingSettings settings_;
  socketio::cluster::Bus& bus_;
  Sessions& sessions_;
  const Refuse refuse_;
  const WebSocketConfig& websocket_settings_;
  const Logger& logger_;
  LossReports reports_;
  PeerTls tls_;
  Directory directory_;
  net::Listener listener_;
  net::Timer tick_;
  TimePoint next_announcement_{};
  bool stopping_ = false;
  // By tag. Lost ones stay until tick(), so that a server that can't be reached is not tried at
  // each request.
  std::unordered_map<std::string, std::unique_ptr<Caller>> callers_;
  std::vector<std::unique_ptr<Answerer>> answerers_;
  LimitEpisode too_many_;
};

}  // namespace sioserve::forwarding
