#include "server/connection/connection_manager.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>

#include "server/connection/http_deadlines.h"
#include "server/net/background.h"
#include "server/net/socket_stream.h"

namespace sioserve::connection {

// The listener of one socket.
class ConnectionManager::Acceptor final : private net::AcceptHandler {
 public:
  Acceptor(ConnectionManager& manager, net::ListeningSocket socket, Service service)
      : manager_(manager), service_(service), listener_(manager.loop_, std::move(socket), *this) {}

 private:
  void on_accept(FileDescriptor socket, Endpoints endpoints) override {
    manager_.on_accept(std::move(socket), std::move(endpoints), service_);
  }
  void on_accept_paused(const std::string& reason) override { manager_.on_accept_paused(reason); }

  ConnectionManager& manager_;
  const Service service_;
  net::Listener listener_;
};

ConnectionManager::ConnectionManager(net::Loop& loop, Router& router, const Config& config,
                                     const Logger& logger, AccessLog* access_log,
                                     Counters* counters)
    : loop_(loop),
      logger_(logger),
      context_{loop.deferred_queue(), router, config, logger, [&loop] { return loop.now(); }},
      sweep_timer_(loop, [this] { sweep(); }) {
  std::random_device random;
  context_.access_log = access_log;
  context_.counters = counters;
  context_.run_in_background = net::background_of(loop);
  context_.request_ids = RequestIds((std::uint64_t{random()} << 32) | random());
}

ConnectionManager::~ConnectionManager() { close_all(); }

Result<std::monostate, std::string> ConnectionManager::load_certificates() {
  net::FileWatch::Files files;
  files.name = "The TLS certificates";
  files.fingerprint = [config = context_.config.tls] { return tls::fingerprint_of(config); };
  files.read = [this, server = std::make_shared<tls::ServerFiles>(
                          context_.config.tls, std::make_shared<tls::TicketKeys>())]()
      -> Result<net::FileWatch::Use, std::string> {
    auto read = server->read();
    if (!read) return Failure{read.error()};
    return net::FileWatch::Use([this, made = std::move(*read)] { use_certificates(made); });
  };
  certificates_ = std::make_unique<net::FileWatch>(loop_, std::move(files), logger_);
  auto loaded = certificates_->load();
  if (loaded) certificates_->start();
  return loaded;
}

void ConnectionManager::use_certificates(const tls::ServerFiles::Read& read) {
  context_.tls = read.context;
  for (const std::string& warning : read.warnings) {
    logger_.log(LogCategory::server, LogLevel::warning, "TLS: " + warning);
  }
}

void ConnectionManager::reload_certificates() {
  if (certificates_) certificates_->reload();
}

void ConnectionManager::listen(net::ListeningSocket socket, Service service) {
  acceptors_.push_back(std::make_unique<Acceptor>(*this, std::move(socket), service));
}

void ConnectionManager::serve(std::unique_ptr<net::Stream> stream, SharedEndpoints endpoints,
                              Service service) {
  if (connections_.empty()) sweep_timer_.start_repeating(sweep_interval(context_.config));
  ++accepted_;
  ConnectionOwner& owner = *this;
  const std::size_t index = connections_.size();
  connections_.push_back(std::make_unique<Connection>(context_, owner, std::move(stream),
                                                      std::move(endpoints), service));
  connections_.back()->index = index;
  connections_.back()->place = busy_.insert(busy_.end(), connections_.back().get());
  connections_.back()->admit();
}

void ConnectionManager::stop_accepting() {
  acceptors_.clear();
  context_.phase = Phase::stopping;
}

void ConnectionManager::begin_graceful_stop(std::function<void()> on_empty) {
  stop_accepting();
  if (certificates_) certificates_->stop();
  on_empty_ = std::move(on_empty);
  visit([](Connection& connection) { connection.begin_stop(); });
  // Ends the log episodes: no more refusals follow.
  context_.load.sweep(TimePoint::max());
  context_.http2_reports.sweep(TimePoint::max());
  context_.opening_reports.sweep(TimePoint::max());
  context_.refusal_reports.sweep(TimePoint::max());
  loop_.deferred_queue().schedule(*this);
}

void ConnectionManager::close_all() {
  acceptors_.clear();
  visit([](Connection& connection) { connection.close_now(); });
}

// Visiting by index is safe: connections that a handler closes are destroyed later.
template <typename Visit>
void ConnectionManager::visit(Visit visit) {
  for (std::size_t i = 0; i < connections_.size(); ++i) visit(*connections_[i]);
}

void ConnectionManager::sweep() {
  const TimePoint now = loop_.now();
  visit([now](Connection& connection) { connection.sweep(now); });
  context_.load.sweep(now);
  context_.http2_reports.sweep(now);
  context_.opening_reports.sweep(now);
  context_.refusal_reports.sweep(now);
  rest();
}

void ConnectionManager::on_accept(FileDescriptor socket, Endpoints endpoints, Service service) {
  auto stream = net::SocketStream::adopt(loop_, std::move(socket));
  if (!stream) return;  // the client has already disconnected
  serve(std::move(*stream), std::make_shared<const Endpoints>(std::move(endpoints)), service);
}

void ConnectionManager::on_accept_paused(const std::string& reason) {
  logger_.log(LogCategory::server, LogLevel::warning, reason);
}

void ConnectionManager::on_connection_closed(Connection& connection) {
  closed_.push_back(&connection);
  loop_.deferred_queue().schedule(*this);
}

void ConnectionManager::make_room() {
  if (!idle_.empty()) idle_.front()->close_now();
}

void ConnectionManager::on_connection_idle(Connection& connection) {
  idle_.splice(idle_.end(), busy_, connection.place);
}

void ConnectionManager::on_connection_busy(Connection& connection) {
  busy_.splice(busy_.end(), idle_, connection.place);
}

// Stops the timer when there is nothing to check, so that the idle loop does not wake up.
void ConnectionManager::rest() {
  const bool quiet = context_.load.quiet() && context_.http2_reports.quiet() &&
                     context_.opening_reports.quiet() && context_.refusal_reports.quiet();
  if (connections_.empty() && quiet) sweep_timer_.stop();
}

void ConnectionManager::on_turn_end() {
  for (Connection* connection : closed_) {
    const std::size_t index = connection->index;
    busy_.erase(connection->place);
    connections_.back()->index = index;
    std::swap(connections_[index], connections_.back());
    connections_.pop_back();
  }
  closed_.clear();
  if (!connections_.empty()) return;
  rest();
  if (on_empty_) std::exchange(on_empty_, nullptr)();
}

}  // namespace sioserve::connection
