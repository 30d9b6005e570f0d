// Whatever a Python process sends about requests and WebSockets, the server goes on, no header is
// injected, and when the process has died no client is left waiting for it. Random commands and
// random clients, over HTTP/1 and HTTP/2; the seed is printed, and HOSTILE_SEED repeats a run.
#include "tests/unit/processes/hostile_streams.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "server/application/asgi_application.h"
#include "server/application/command_faults.h"
#include "server/connection/connection.h"
#include "server/connection/context.h"
#include "server/net/file_portion.h"
#include "server/processes/distributor.h"
#include "tests/unit/http2/frames.h"
#include "tests/unit/transport/fixture.h"

namespace sioserve::processes {
namespace {

using connection::Connection;

std::uint32_t seed() {
  const char* const given = std::getenv("HOSTILE_SEED");
  const std::uint32_t chosen = given != nullptr
                                   ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10))
                                   : std::random_device()();
  std::printf("HOSTILE_SEED=%u\n", chosen);
  return chosen;
}

// A socket in memory, with the queue of a real one; the peer takes some of it at a time.
struct Socket {
  net::StreamListener* listener = nullptr;
  WriteQueue queue;
  std::string taken;  // by the peer
  bool finished = false;
  bool closed = false;
};

class SocketInMemory final : public net::Stream {
 public:
  explicit SocketInMemory(Socket& socket) : socket_(socket) {}

  void start(net::StreamListener& listener) override { socket_.listener = &listener; }
  void pause_reading() override {}
  void resume_reading() override {}
  void write(std::string_view bytes) override {
    if (writable()) socket_.queue.write(bytes);
  }
  void write_owned(std::string bytes) override {
    if (writable()) socket_.queue.write_owned(std::move(bytes));
  }
  void write_shared(const SharedBytes& bytes) override {
    if (writable()) socket_.queue.write_shared(bytes);
  }
  void write_file(FilePart part) override {
    if (writable()) socket_.queue.write_file(std::move(part));
  }
  std::size_t buffered() const override { return socket_.queue.size(); }
  bool peer_is_disconnected() const override { return false; }
  bool broken_unnoticed() const override { return false; }
  void finish() override { socket_.finished = true; }
  void close() override { socket_.closed = true; }

 private:
  bool writable() const { return !socket_.finished && !socket_.closed; }

  Socket& socket_;
};

class Log final : public AccessLog {
 public:
  explicit Log(const TimePoint& now) : now_(now) {}
  void write(AccessRecord&& record) override {
    ++records;
    EXPECT_GE(record.thread_wait.count(), 0);
  }
  bool wants_response_headers() const override { return true; }
  TimePoint now() const override { return now_; }

  std::size_t records = 0;

 private:
  const TimePoint& now_;
};

enum class Version { http1, http2 };

class Client final : private connection::ConnectionOwner {
 public:
  Client(connection::Context& context, Version version) : version_(version) {
    ConnectionOwner& owner = *this;
    connection_.emplace(
        context, owner, std::make_unique<SocketInMemory>(socket_),
        std::make_shared<const Endpoints>(Endpoints{{"127.0.0.1", 1}, {"127.0.0.1", 2}, false}),
        connection::Service::http);
    connection_->admit();
    if (version_ == Version::http2) receive(http2::hello());
  }

  bool is_closed() const { return is_closed_; }
  bool is_quiet() const { return is_closed_ || is_idle_; }

  void act(std::mt19937& random) {
    if (is_closed_ || socket_.closed) return;
    if (random() % 60 == 0) return socket_.listener->on_end();
    if (random() % 60 == 0) return break_off();
    receive(version_ == Version::http1 ? http1_bytes(random) : http2_bytes(random));
  }
  void get() { receive(version_ == Version::http1 ? http1_get : http2::get(next_stream())); }
  void close() { connection_->close_now(); }
  void sweep(TimePoint now) {
    if (!is_closed_) connection_->sweep(now);
  }

  // The peer takes some of the output, if there is any; false: there was none.
  bool take_output() {
    if (is_closed_ || socket_.closed || socket_.queue.empty()) return false;
    if (const auto file = socket_.queue.next_file()) {
      const net::FilePortion portion = net::read_portion(*file, 16'384);
      if (portion.outcome != net::FilePortion::Outcome::read) {
        socket_.listener->on_file_failed(*file->file, portion.error);
        break_off();
        return true;
      }
      socket_.queue.consume(portion.bytes.size());
      body_bytes += portion.bytes.size();
      if (body_bytes > 200'000) break_off();  // of an endless file
      return true;
    }
    std::array<WriteQueue::Part, 16> parts;
    const std::size_t count = socket_.queue.next_parts(parts, 20'000);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      socket_.taken += parts[i].view();
      bytes += parts[i].size;
    }
    socket_.queue.consume(bytes);
    check_output();
    socket_.listener->on_drain();
    return true;
  }

  std::size_t body_bytes = 0;
  std::size_t answers = 0;  // heads of responses

 private:
  static constexpr const char* http1_get = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";

  void receive(const std::string& bytes) {
    if (!is_closed_ && !socket_.closed) socket_.listener->on_read(bytes);
  }
  void break_off() {
    socket_.closed = true;
    socket_.listener->on_broken();
  }
  std::uint32_t next_stream() { return std::exchange(last_stream_, last_stream_ + 2); }

  static std::uint32_t below(std::mt19937& random, std::uint32_t bound) {
    return static_cast<std::uint32_t>(random() % bound);
  }

  static std::string http1_bytes(std::mt19937& random) {
    static const std::string known[] = {
        http1_get,
        http1_get,
        "HEAD / HTTP/1.1\r\nHost: example.org\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: example.org\r\nTE: trailers\r\n\r\n",
        "GET /?EIO=4&transport=polling HTTP/1.1\r\nHost: example.org\r\n\r\n",
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: example.org\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\nExpect: "
        "100-continue\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "0\r\n\r\n",
        "hello",
        "GET /?EIO=4&transport=websocket HTTP/1.1\r\nHost: example.org\r\nUpgrade: "
        "websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        "GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: a, b\r\n\r\n",
        websocket_frame(1, "text"),
        websocket_frame(2, "bytes"),
        websocket_frame(9, "ping"),
        websocket_frame(8, "\x03\xe8"),
        websocket_frame(3, "wrong")};
    return known[random() % std::size(known)];
  }
  static std::string websocket_frame(char opcode, std::string_view payload) {
    return std::string{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())} +
           std::string(4, '\0') + std::string(payload);
  }

  std::string http2_bytes(std::mt19937& random) {
    namespace flag = http2::flag;
    const std::uint32_t known =
        last_stream_ > 1 ? last_stream_ - 2 - 2 * below(random, std::min(last_stream_ / 2, 5U)) : 1;
    switch (random() % 11) {
      case 0:
      case 1:
        return http2::get(next_stream());
      case 2:
        return http2::headers(next_stream(), http2::fields_of("HEAD", "/"));
      case 3:
        return http2::post(next_stream(), {{"te", "trailers"}});
      case 4:
        return http2::post(next_stream(), {{"expect", "100-continue"}});
      case 5:
        return http2::headers(next_stream(),
                              {{":method", "CONNECT"},
                               {":protocol", "websocket"},
                               {":scheme", "http"},
                               {":path", "/?EIO=4&transport=websocket"},
                               {":authority", "example.org"},
                               {"sec-websocket-version", "13"}},
                              flag::end_headers);
      case 6:
        return http2::data(known, websocket_frame(1, "text"));
      case 7:
        return http2::data(known, "body", random() % 2 == 0 ? flag::end_stream : 0);
      case 8:
        return random() % 4 == 0 ? http2::reset(known) : "";
      case 9:
        return http2::window_update(known, 1 + below(random, 100'000));
      default:
        return http2::window_update(0, 1 + below(random, 100'000));
    }
  }

  void check_output() {
    const std::string output = std::exchange(socket_.taken, {});
    EXPECT_EQ(output.find("\r\n" + std::string(injected)), std::string::npos);
    EXPECT_EQ(output.find("\n" + std::string(injected)), std::string::npos);
    if (version_ == Version::http2) {
      check_frames(output);
    } else {
      for (std::size_t at = output.find("HTTP/1.1 "); at != std::string::npos;
           at = output.find("HTTP/1.1 ", at + 1)) {
        ++answers;
      }
    }
  }

  void check_frames(const std::string& output) {
    frames_ += output;
    std::size_t end = 0;
    std::string complete;
    while (frames_.size() - end >= 9) {
      const auto octet = [&](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(frames_[end + i]));
      };
      const std::size_t size = 9 + (octet(0) << 16 | octet(1) << 8 | octet(2));
      if (frames_.size() - end < size) break;
      const std::string frame = frames_.substr(end, size);
      const auto type = static_cast<http2::FrameType>(octet(3));
      const auto flags = static_cast<std::uint8_t>(octet(4));
      end += size;
      // A large head has several frames.
      if (type == http2::FrameType::headers) first_of_head_ = frame.substr(0, 9);
      if (type != http2::FrameType::headers && type != http2::FrameType::continuation) {
        complete += frame;
        continue;
      }
      head_ += frame.substr(9);
      if ((flags & http2::flag::end_headers) == 0) continue;
      complete += http2::big_endian(static_cast<std::uint32_t>(head_.size()), 3);
      complete += first_of_head_.substr(3) + head_;
      head_.clear();
    }
    frames_.erase(0, end);
    for (const std::string& frame : reader_.read(complete)) {
      EXPECT_EQ(frame.find("\n" + std::string(injected)), std::string::npos) << frame;
      if (frame.starts_with("HEADERS")) ++answers;
    }
  }

  void on_connection_closed(Connection&) override { is_closed_ = true; }
  void make_room() override {}
  void on_connection_idle(Connection&) override { is_idle_ = true; }
  void on_connection_busy(Connection&) override { is_idle_ = false; }

  const Version version_;
  Socket socket_;
  std::string frames_;  // not complete
  std::string first_of_head_;
  std::string head_;  // not complete
  http2::FrameReader reader_;
  std::uint32_t last_stream_ = 1;
  bool is_closed_ = false;
  bool is_idle_ = false;
  std::optional<Connection> connection_;
};

// The I/O process, with one Python process.
class World final : transport::EngineIoFixture,
                    connection::Router,
                    EventSink,
                    application::EngineHandover {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {
    start_process();
    context_.access_log = &access_log_;
    context_.counters = &counters;
    context_.run_in_background = [this](std::function<void()> work, std::function<void()> done) {
      background.emplace_back(std::move(work), std::move(done));
    };
  }
  ~World() {
    for (const auto& client : clients_) client->close();
  }

  void run(int turns) {
    for (int i = 0; i < turns; ++i) {
      if (clients_.size() < 6) connect(random_() % 2 == 0 ? Version::http1 : Version::http2);
      clients_[random_() % clients_.size()]->act(random_);
      turn();
      for (std::size_t count = random_() % 6; count > 0; --count) command();
      turn();
      for (const auto& client : clients_) {
        if (random_() % 4 > 0) client->take_output();
      }
      is_full_ = random_() % 10 == 0;
      if (!is_full_) application_.events_taken();
      if (random_() % 20 == 0) later(Milliseconds{100});
      forget_closed();
    }
  }

  // The process ends: nobody may wait for it.
  void end_process() {
    distributor_.remove(process_);
    do_duties();
    is_full_ = false;
    application_.events_taken();
    for (int i = 0; i < 600 && !clients_.empty(); ++i) {
      turn();
      for (const auto& client : clients_) {
        while (client->take_output()) turn();
      }
      later(Milliseconds{1'000});
      forget_closed();
    }
    EXPECT_EQ(clients_.size(), 0U) << "a client waits for a process that has ended";
    EXPECT_EQ(context_.load.requests_in_progress(), 0U);
  }

  // New clients are served by a new process.
  void serve_again() {
    start_process();
    for (const Version version : {Version::http1, Version::http2}) {
      Client& client = connect(version);
      client.get();
      turn();
      carry_out(HttpCommand(HttpRespond{streams_.back(), ResponseHead{}, "hello", false}));
      turn();
      while (client.take_output()) turn();
      EXPECT_EQ(client.answers, 1U);
    }
  }

  std::size_t carried_out = 0, not_admitted = 0, faults = 0;

 private:
  Client& connect(Version version) {
    config.http2.cleartext = true;
    return *clients_.emplace_back(std::make_unique<Client>(context_, version));
  }

  void start_process() {
    process_ = ProcessId{++last_process_};
    distributor_.add(process_);
  }

  void turn() {
    context_.deferred_queue.run();
    run_background();
    context_.deferred_queue.run();
    for (Event& event : std::exchange(sink.events, {})) distributor_.route(std::move(event));
    do_duties();
  }

  void later(Milliseconds time) {
    now += time;
    engine->advance(now);
    for (const auto& client : clients_) client->sweep(now);
  }

  void forget_closed() {
    std::erase_if(clients_, [](const auto& client) { return client->is_closed(); });
  }

  void command() {
    StreamId stream{random_() % 1'000};
    if (!streams_.empty() && random_() % 30 > 0) {
      stream =
          streams_[streams_.size() - 1 - random_() % std::min<std::size_t>(streams_.size(), 8)];
    }
    carry_out(hostile_.next(stream));
  }

  // As the pool of Python processes does it.
  void carry_out(Command made) {
    if (application::fault_of(made)) {
      ++faults;
      return;
    }
    if (!distributor_.admit(process_, made)) {
      ++not_admitted;
      return;
    }
    if (auto* const for_request = std::get_if<HttpCommand>(&made)) {
      application_.handle(std::move(*for_request));
    } else if (auto* const for_websocket = std::get_if<WebSocketCommand>(&made)) {
      application_.handle(std::move(*for_websocket));
    } else if (auto* const for_handshake = std::get_if<HandshakeCommand>(&made)) {
      engine->handle(std::move(*for_handshake));
    }
    ++carried_out;
  }

  void do_duties() {
    Distributor::Duties duties = distributor_.take_duties();
    for (Command& one : duties.commands) {
      if (auto* const for_server = std::get_if<SocketIoCommand>(&one)) {
        server->handle(std::move(*for_server));
      }
    }
    for (const StreamId stream : duties.lost_streams) application_.process_lost(stream);
    for (const StreamId stream : duties.refused_streams) application_.no_process_for(stream);
    if (!duties.lost_sessions.empty()) engine->process_lost(duties.lost_sessions);
  }

  // connection::Router
  std::unique_ptr<connection::RequestHandler> route(connection::Exchange& exchange) override {
    if (engine->owns(exchange.head())) return engine->make_handler(exchange);
    return application_.make_handler(streams_.emplace_back(distributor_.next_request()), exchange);
  }
  std::unique_ptr<connection::WebSocketHandler> route(
      connection::WebSocketChannel& channel) override {
    if (engine->owns(channel.head())) return engine->make_handler(channel);
    return application_.make_handler(streams_.emplace_back(distributor_.next_websocket()), channel);
  }
  bool continues_session(const RequestHead& head) const override {
    return engine->continues_session(head);
  }

  // EventSink
  void push(Event event) override { distributor_.route(std::move(event)); }
  bool full(StreamId) const override { return is_full_; }
  bool log_lines_full() const override { return false; }

  // application::EngineHandover
  std::unique_ptr<connection::RequestHandler> adopt(connection::Exchange& exchange,
                                                    StreamId stream) override {
    return engine->adopt(exchange, stream);
  }
  std::unique_ptr<connection::WebSocketHandler> adopt(connection::WebSocketChannel& channel,
                                                      StreamId stream) override {
    return engine->adopt(channel, stream);
  }

  std::mt19937 random_;
  HostileStreams hostile_{random_};
  net::DeferredQueue deferred_queue_;
  Log access_log_{now};
  connection::Context context_{deferred_queue_, *this, config, logger, [this] { return now; }};
  Distributor distributor_{[](ProcessId, const Event&) {}};
  application::AsgiApplication application_{*this, *this, config};
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<StreamId> streams_;
  ProcessId process_{};
  std::uint32_t last_process_ = 0;
  bool is_full_ = false;
};

TEST(HostileCommandsForStreams, LeaveTheServerAliveAndNoClientWaiting) {
  const std::uint32_t first = seed();
  for (std::uint32_t seed = first; seed < first + 20; ++seed) {
    SCOPED_TRACE("HOSTILE_SEED=" + std::to_string(seed));
    World world(seed);
    world.run(1'000);
    world.end_process();
    world.serve_again();
    EXPECT_GT(world.carried_out, 1'000U);
    EXPECT_GT(world.not_admitted, 10U);
    EXPECT_GT(world.faults, 10U);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace sioserve::processes
