// Server::IoThread: what the I/O thread has, and how its parts are connected. Only server.cc
// includes it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "server/access_log/access_logger.h"
#include "server/application/asgi_application.h"
#include "server/application/command_faults.h"
#include "server/application/engine_handover.h"
#include "server/application/event_buffer.h"
#include "server/application/log_lines.h"
#include "server/base/counters.h"
#include "server/base/run_or_abort.h"
#include "server/connection/connection_manager.h"
#include "server/forwarding/forwarding.h"
#include "server/metrics_service.h"
#include "server/net/async.h"
#include "server/net/background.h"
#include "server/net/listen_fd.h"
#include "server/net/listen_unix.h"
#include "server/net/listening_socket.h"
#include "server/net/loop.h"
#include "server/net/timer.h"
#include "server/port/answers.h"
#include "server/port/command_queue.h"
#include "server/port/event_queue.h"
#include "server/port/flood_detector.h"
#include "server/processes/process_numbers.h"
#include "server/processes/process_pool.h"
#include "server/redis/redis_bus.h"
#include "server/redis/redis_url.h"
#include "server/server.h"
#include "server/static_files/file_server.h"
#include "server/transport/engine_io.h"
#include "socketio/cluster/cluster.h"
#include "socketio/cluster/formats.h"
#include "socketio/server/command_faults.h"
#include "socketio/server/server.h"

namespace sioserve {

// Connects all parts that live on the I/O thread. Constructed and destroyed on the application
// thread, while the I/O thread does not run.
class Server::IoThread final : connection::Router,
                               application::EngineHandover,
                               processes::PoolOwner,
                               forwarding::Sessions,
                               socketio::cluster::BusObserver,
                               ObservedServer {
  // How far apart ticks are at most; there are others when timeouts of sessions expire.
  static constexpr Milliseconds tick_interval{20};
  // How long commands are carried out before sockets and timers are served again.
  static constexpr std::chrono::milliseconds command_budget{1};
  // How long sessions are ended at a time when the server stops.
  static constexpr std::chrono::milliseconds stop_budget{2};
  static constexpr const char* no_certificates = "HTTPS needs certificates";

 public:
  IoThread(Config config, std::function<void()> wake_application)
      : config_(std::move(config)),
        events_({config_.max_app_events, config_.max_app_event_bytes}, std::move(wake_application)),
        event_buffer_(loop_.deferred_queue(), events_),
        log_lines_(event_buffer_),
        logger_([this](LogRecord record) { log_lines_.add(std::move(record)); }),
        access_log_(config_.access_log, event_buffer_, logger_,
                    [this](LogLevel level, std::string message) {
                      log_from_another_thread(level, std::move(message));
                    }),
        commands_(config_.max_command_bytes, [this] { wake_.send(); }),
        wake_(loop_, [this] { carry_out_commands(); }),
        limits_(config_, counters_, logger_),
        tick_(loop_, [this] { tick(); }),
        graceful_stop_(loop_, [this] { connections_.close_all(); }),
        end_sessions_(loop_, [this] { end_sessions(); }),
        pool_(config_.python_processes
                  ? new processes::ProcessPool(loop_, event_buffer_, config_.max_app_event_bytes,
                                               logger_, *this)
                  : nullptr),
        bus_(make_bus()),
        cluster_(make_cluster()),
        socketio_(config_, event_sink(), logger_, limits_),
        engine_io_(
            config_, socketio_, event_sink(), logger_, limits_,
            [this] { return pool_ ? pool_->next_session() : next_stream_id(); },
            [this] { return loop_.now(); }, net::background_of(loop_)),
        application_(event_sink(), *this, config_),
        files_(config_, logger_, net::background_of(loop_)),
        metrics_(config_.metrics.on
                     ? new MetricsService(loop_, config_, logger_, access_log_if_on(), *this)
                     : nullptr),
        connections_(loop_, *this, config_, logger_, metrics_ ? metrics_.get() : access_log_if_on(),
                     &counters_) {
    if (cluster_) cluster_->join();
    loop_.between_reads([this] { carry_out_commands(); });
    connections_.on_max_requests([this] { event_buffer_.push(RequestLimitReached{}); });
  }

  ~IoThread() { stop_now(); }

  Result<std::monostate, std::string> load_certificates() {
    return connections_.load_certificates();
  }

  Result<std::string, std::string> listen_tcp(const std::string& host, std::uint16_t port,
                                              connection::Service service) {
    if (service == connection::Service::https && !connections_.has_certificates()) {
      return Failure{std::string(no_certificates)};
    }
    auto sockets = net::listen_tcp(host, port, config_.backlog);
    if (!sockets) return Failure{sockets.error()};
    const net::ListeningSocket& first = sockets->front();
    const std::string several = scheme_of(service) + "://" + (host.empty() ? "*" : host) + ":" +
                                std::to_string(first.address.port);
    std::string url = sockets->size() == 1 ? net::to_url(first, scheme_of(service)) : several;
    for (net::ListeningSocket& socket : *sockets) connections_.listen(std::move(socket), service);
    return url;
  }

  Result<std::string, std::string> listen_unix(const std::string& path, unsigned mode) {
    return listen(net::listen_unix(path, mode, config_.backlog), connection::Service::http);
  }

  Result<std::string, std::string> listen_fd(int fd, connection::Service service) {
    return listen(net::listen_fd(fd), service);
  }

  Result<std::string, std::string> listen_metrics(const std::string& host, std::uint16_t port) {
    return metrics_->listen(host, port);
  }

  Result<std::string, std::string> listen_cluster(const std::string& host, std::uint16_t port,
                                                  std::string secret,
                                                  std::optional<tls::PeerFiles> tls) {
    if (!bus_) return Failure{std::string("--cluster-listen needs --redis")};
    auto sockets = net::listen_tcp(host, port, config_.backlog);
    if (!sockets) return Failure{sockets.error()};
    Address announced = sockets->front().address;
    // A name with several addresses would lead others to one on which nobody listens.
    if (sockets->size() == 1) announced.host = host;
    std::string shown = net::to_string(announced);
    forwarding::Sessions& sessions = *this;
    forwarding_ = std::make_unique<forwarding::Forwarding>(
        loop_, std::move(sockets->front()),
        forwarding::ForwardingSettings{std::move(secret),
                                       socketio::cluster::prefix_of(config_.redis) + "-servers#",
                                       std::move(announced), std::move(tls)},
        *bus_, sessions,
        [this](const RequestHead& head) {
          auto [answer, body] = engine_io_.refuse_unknown_sid(head);
          return forwarding::Refusal{std::move(answer), std::move(body)};
        },
        engine_io_.websocket_settings(), logger_);
    if (auto loaded = forwarding_->load_certificates(); !loaded) return Failure{loaded.error()};
    engine_io_.end_sids_with(forwarding_->tag());
    return shown;
  }

  void start() {
    access_log_.start();
    limits_.advance(loop_.now());  // the first client may come before the first tick
    if (cluster_) cluster_->advance(loop_.now());
    if (bus_) bus_->start(*this);
    tick_.start_once(tick_interval);
    thread_ = std::thread([this] { run_or_abort("The I/O thread", [this] { loop_.run(); }); });
    answers_.open();
  }

  void stop_now() {
    commands_.close();
    if (!thread_.joinable()) return;
    ending_ = true;
    wake_.send();
    thread_.join();
    answers_.close();
  }

  port::CommandQueue& commands() { return commands_; }

  std::uint32_t add_process(FileDescriptor socket, std::string name, std::uint64_t place) {
    std::uint32_t number;
    {
      std::lock_guard lock(new_processes_mutex_);
      number = ++last_process_;
      new_processes_.push_back(
          {processes::ProcessId{number}, std::move(socket), std::move(name), place});
    }
    wake_.send();
    return number;
  }

  QuestionId ask(Question question) {
    const QuestionId id = answers_.expect();
    if (id != QuestionId{}) commands_.push(Ask{id, std::move(question)});
    return id;
  }

  port::Answers& answers() { return answers_; }

  void take_events(std::vector<Event>& batch) {
    if (events_.take(batch) == port::EventQueue::State::full) commands_.push(EventsTaken{});
  }

  Logger& logger() { return logger_; }
  const Config& config() const { return config_; }
  access_log::AccessLogger& access_log() { return access_log_; }

 private:
  enum class State { running, stopping, stopped };

  struct NewProcess {
    processes::ProcessId id;
    FileDescriptor socket;
    std::string name;
    std::uint64_t place;
  };

  static std::string scheme_of(connection::Service service) {
    return service == connection::Service::https ? "https" : "http";
  }

  Result<std::string, std::string> listen(Result<net::ListeningSocket, std::string> socket,
                                          connection::Service service) {
    if (!socket) return Failure{socket.error()};
    if (!socket->unix_path.empty()) service = connection::Service::http;
    if (service == connection::Service::https && !connections_.has_certificates()) {
      return Failure{std::string(no_certificates)};
    }
    std::string url = net::to_url(*socket, scheme_of(service));
    connections_.listen(std::move(*socket), service);
    return url;
  }

  // Uses the queue directly: only the I/O thread may use the event buffer.
  void log_from_another_thread(LogLevel level, std::string message) {
    if (!logger_.enabled(LogCategory::server, level)) return;
    std::vector<Event> line;
    line.emplace_back(LogRecord{LogCategory::server, level, std::move(message), ""});
    events_.push(line);
  }

  AccessLog* access_log_if_on() { return access_log_.on() ? &access_log_ : nullptr; }

  StreamId next_stream_id() { return StreamId{++last_stream_id_}; }

  // Null: this server belongs to no cluster.
  std::unique_ptr<redis::RedisBus> make_bus() {
    if (config_.redis.url.empty()) return nullptr;
    redis::RedisBusSettings settings;
    settings.url = *redis::parse_redis_url(config_.redis.url);
    settings.tls = config_.redis.tls;
    settings.pub_sub = config_.redis.sharded ? redis::PubSub::sharded : redis::PubSub::plain;
    settings.max_queued_bytes = config_.redis.max_queued_bytes;
    return std::make_unique<redis::RedisBus>(loop_, std::move(settings), logger_, counters_);
  }

  std::unique_ptr<socketio::cluster::Cluster> make_cluster() {
    if (!bus_) return nullptr;
    return std::make_unique<socketio::cluster::Cluster>(
        socketio_, *bus_, socketio::cluster::make_format(config_.redis), event_sink(), limits_,
        logger_);
  }

  // What the application is told goes there.
  EventSink& event_sink() {
    if (pool_) return *pool_;
    return event_buffer_;
  }

  // --- connection::Router ---

  std::unique_ptr<connection::RequestHandler> route(connection::Exchange& exchange) override {
    if (metrics_ && metrics_->owns(exchange)) return metrics_->make_handler(exchange);
    if (is_elsewhere(exchange.head())) return forwarding_->make_handler(exchange);
    if (engine_io_.owns(exchange.head())) return engine_io_.make_handler(exchange);
    if (files_.owns(exchange.head().path)) return files_.make_handler(exchange);
    return application_.make_handler(pool_ ? pool_->next_request() : next_stream_id(), exchange);
  }

  std::unique_ptr<connection::WebSocketHandler> route(
      connection::WebSocketChannel& channel) override {
    if (is_elsewhere(channel.head())) return forwarding_->make_handler(channel);
    if (engine_io_.owns(channel.head())) return engine_io_.make_handler(channel);
    return application_.make_handler(pool_ ? pool_->next_websocket() : next_stream_id(), channel);
  }

  bool continues_session(const RequestHead& head) const override {
    return engine_io_.continues_session(head) || is_elsewhere(head);
  }

  // Whether the session of the request is on another server of the cluster.
  bool is_elsewhere(const RequestHead& head) const {
    return forwarding_ && engine_io_.is_at_common_path(head) && forwarding_->is_elsewhere(head);
  }

  // --- forwarding::Sessions ---

  std::unique_ptr<connection::RequestHandler> handler_of_forwarded(
      connection::Exchange& exchange) override {
    return engine_io_.make_handler(exchange);
  }
  std::unique_ptr<connection::WebSocketHandler> handler_of_forwarded(
      connection::WebSocketChannel& channel) override {
    return engine_io_.make_handler(channel);
  }
  void release_poll(const RequestHead& head) override { engine_io_.release_poll(head); }

  // --- socketio::cluster::BusObserver ---

  void message_received(std::string_view channel, std::string_view payload) override {
    if (forwarding_ && forwarding_->message_received(channel, payload)) return;
    cluster_->message_received(channel, payload);
  }
  void bus_connected() override {
    cluster_->bus_connected();
    if (forwarding_) forwarding_->bus_connected();
  }
  void bus_interrupted() override {
    cluster_->bus_interrupted();
    if (forwarding_) forwarding_->bus_interrupted();
  }

  // --- application::EngineHandover ---

  std::unique_ptr<connection::RequestHandler> adopt(connection::Exchange& exchange,
                                                    StreamId stream) override {
    return engine_io_.adopt(exchange, stream);
  }

  std::unique_ptr<connection::WebSocketHandler> adopt(connection::WebSocketChannel& channel,
                                                      StreamId stream) override {
    return engine_io_.adopt(channel, stream);
  }

  // --- processes::PoolOwner ---

  std::optional<std::string_view> fault_of(const Command& command) const override {
    const auto fault = application::fault_of(command);
    return fault ? fault : socketio::fault_of(command);
  }
  void carry_out_for_process(Command command) override {
    std::visit([this](auto& group) { carry_out(std::move(group)); }, command);
  }
  Answer answer_for_process(const Question& question) override {
    return socketio_.answer(question);
  }
  void process_lost(StreamId stream) override { application_.process_lost(stream); }
  void no_process_for(StreamId stream) override { application_.no_process_for(stream); }
  void sessions_lost(const std::unordered_set<SessionId>& sessions) override {
    engine_io_.process_lost(sessions);
  }
  void process_ended(processes::ProcessId process) override {
    socketio_.forget_relays([process](RelaysId relays) {
      return processes::process_in(static_cast<std::uint64_t>(relays)) == process;
    });
  }
  void process_has_space() override {
    limits_.reached(Limit::events, {});
    application_.events_taken();
    socketio_.events_taken();
  }

  void process_reported(std::uint64_t place, const ProcessFigures& figures) override {
    if (metrics_) metrics_->process_reported(place, figures);
  }

  // --- ObservedServer ---

  metrics::ServerFigures figures() const override {
    const connection::Load& load = connections_.load();
    return {.connections = connections_.size(),
            .idle_connections = connections_.idle(),
            .connections_accepted = connections_.accepted(),
            .requests_in_progress = load.requests_in_progress(),
            .connections_refused = load.refusals().connections,
            .address_connections_refused = load.refusals().connections_of_one,
            .requests_refused = load.refusals().requests,
            .events_queued = events_.size(),
            .commands_queued = commands_.size(),
            .redis_lag = bus_ ? bus_->lag() : std::chrono::microseconds(0)};
  }
  const Counters& counters() const override { return counters_; }
  std::vector<ProcessStatus> processes() const override {
    return pool_ ? pool_->status() : std::vector<ProcessStatus>();
  }
  std::optional<std::string> unready_reason() const override {
    if (state_ != State::running) return "the server is stopping";
    if (config_.metrics.require_redis && counters_.get(Counter::redis_connected) == 0) {
      return "Redis is not connected";
    }
    const auto is_ready = [](const ProcessStatus& status) { return !status.is_retiring; };
    if (pool_ && std::ranges::none_of(pool_->status(), is_ready)) {
      return "no Python process is ready";
    }
    return std::nullopt;
  }

  // --- the Python processes ---

  void add_new_processes() {
    std::vector<NewProcess> added;
    {
      std::lock_guard lock(new_processes_mutex_);
      added.swap(new_processes_);
    }
    for (auto& [id, socket, name, place] : added) {
      pool_->add(id, std::move(socket), std::move(name), place);
      if (state_ != State::running) pool_->tell_all(StopBegun{});
    }
  }

  // --- commands ---

  // Stops when the time budget is used up; the rest is carried out after sockets and timers have
  // been served.
  void carry_out_commands() {
    if (pool_) add_new_processes();
    const auto start = Clock::now();
    commands_.note_work(latest_work());
    commands_done_ = 0;
    carry_out_commands_until(start + command_budget);
    commands_took_ = Clock::now() - start;
  }

  port::CommandQueue::Work latest_work() const {
    const net::Loop::TurnEnd& output = loop_.latest_turn_end();
    const bool reaches_most = output.tasks >= connections_.size() / 2;
    return {commands_done_, commands_took_, output.took, reaches_most};
  }

  void carry_out_commands_until(Clock::time_point end) {
    for (;;) {
      if (next_command_ == batch_.size() && !take_commands()) {
        if (ending_) end_loop();
        return;
      }
      std::visit([this](auto& group) { carry_out(std::move(group)); }, batch_[next_command_++]);
      ++commands_done_;
      if (std::chrono::steady_clock::now() >= end) return wake_.send();
    }
  }

  // Redis first gets what was published last, by the application's last handlers.
  void end_loop() {
    if (!bus_) return loop_.stop();
    if (!std::exchange(bus_stops_, true)) bus_->stop([this] { loop_.stop(); });
  }

  // False: no commands are queued.
  bool take_commands() {
    next_command_ = 0;
    const port::CommandQueue::Taken taken = commands_.take(batch_);
    if (taken.space_requested) event_buffer_.push(CommandQueueHasSpace{});
    if (taken.held_up > 0) carry_out(CommandsHeldUp{taken.held_up});
    return !batch_.empty();
  }

  void carry_out(HttpCommand&& command) { application_.handle(std::move(command)); }
  void carry_out(WebSocketCommand&& command) { application_.handle(std::move(command)); }
  void carry_out(HandshakeCommand&& command) { engine_io_.handle(std::move(command)); }
  void carry_out(SocketIoCommand&& command) { socketio_.handle(std::move(command)); }
  void carry_out(const ClusterCommand& command) {
    if (cluster_) cluster_->handle(command);
  }
  void carry_out(const ProcessCommand& command) {
    if (pool_) return pool_->handle(command);
    if (const auto* const figures = std::get_if<ProcessFigures>(&command)) {
      process_reported(1, *figures);
    }
  }
  void carry_out(ServerCommand command) {
    std::visit([this](auto& alternative) { carry_out(alternative); }, command);
  }

  void carry_out(EventsTaken) {
    event_buffer_.on_events_taken();
    limits_.reached(Limit::events, {});
    application_.events_taken();
    socketio_.events_taken();
  }

  // On a busy machine this thread may run too late for a single emit, which is no flood.
  void carry_out(CommandsHeldUp held_up) {
    if (floods_.held_up(Clock::now(), commands_took_ + loop_.latest_turn_end().took)) {
      limits_.reached(Limit::commands, "the application", held_up.count);
    } else {
      counters_.add(Counter::emits_held_up, held_up.count);
    }
  }

  void carry_out(const Ask& ask) {
    const bool is_for_pool = pool_ && std::holds_alternative<ProcessesAsked>(ask.question);
    answers_.give(ask.id, is_for_pool ? Answer(pool_->status()) : socketio_.answer(ask.question));
  }

  void tick() {
    const TimePoint now = loop_.now();
    limits_.advance(now);
    if (cluster_) cluster_->advance(now);
    socketio_.advance(now);
    engine_io_.advance(now);
    const TimePoint next = engine_io_.next_advance(now + tick_interval);
    tick_.start_once(std::chrono::ceil<Milliseconds>(next - now));
  }

  void carry_out(ReloadCertificates) {
    connections_.reload_certificates();
    if (forwarding_) forwarding_->reload_certificates();
    if (bus_) bus_->reload_certificates();
  }

  void carry_out(StopServer) {
    switch (state_) {
      case State::running:
        state_ = State::stopping;
        if (pool_) pool_->tell_all(StopBegun{});
        if (forwarding_) forwarding_->begin_stop();
        connections_.stop_accepting();
        graceful_stop_.start_once(config_.graceful_timeout);
        end_sessions();
        break;
      case State::stopping:
        connections_.close_all();
        break;
      case State::stopped:
        break;
    }
  }

  // Before the connections, whose WebSockets still have to take what is queued in the sessions: for
  // slow clients that can take a few hundred milliseconds of work.
  void end_sessions() {
    const auto end = Clock::now() + stop_budget;
    if (!engine_io_.shut_down_while([end] { return Clock::now() < end; })) {
      return end_sessions_.send();
    }
    connections_.begin_graceful_stop([this] {
      state_ = State::stopped;
      if (pool_) pool_->tell_all(ServerStopped{});
      event_buffer_.push(ServerStopped{});
    });
  }

  const Config config_;
  net::Loop loop_;
  port::EventQueue events_;
  application::EventBuffer event_buffer_;
  application::LogLines log_lines_;
  Logger logger_;
  access_log::AccessLogger access_log_;
  port::CommandQueue commands_;
  port::Answers answers_;
  std::vector<Command> batch_;    // taken from commands_
  std::size_t next_command_ = 0;  // index in batch_
  port::FloodDetector floods_;
  std::size_t commands_done_ = 0;  // in the latest loop iteration that had any
  Clock::duration commands_took_{0};
  net::Async wake_;
  Counters counters_;
  Limits limits_;
  net::Timer tick_;
  net::Timer graceful_stop_;
  net::Async end_sessions_;
  std::mutex new_processes_mutex_;
  std::vector<NewProcess> new_processes_;  // not yet in the pool
  std::uint32_t last_process_ = 0;
  const std::unique_ptr<processes::ProcessPool> pool_;  // or null: Python runs in this process
  const std::unique_ptr<redis::RedisBus> bus_;          // or null: there is no cluster
  const std::unique_ptr<socketio::cluster::Cluster> cluster_;  // or null
  bool bus_stops_ = false;
  socketio::Server socketio_;
  transport::EngineIo engine_io_;
  application::AsgiApplication application_;
  static_files::FileServer files_;
  const std::unique_ptr<MetricsService> metrics_;       // or null: nothing is measured
  std::unique_ptr<forwarding::Forwarding> forwarding_;  // or null: not used
  connection::ConnectionManager connections_;
  State state_ = State::running;
  std::uint64_t last_stream_id_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace sioserve
