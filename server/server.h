// One server: the I/O thread with all objects that live on it, and the two queues to and from it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/file_descriptor.h"
#include "server/base/http_values.h"
#include "server/base/logger.h"
#include "server/base/result.h"
#include "server/connection/service.h"
#include "server/port/messages.h"
#include "server/port/port.h"
#include "server/tls/peer_files.h"

namespace sioserve {

// Call the listen functions, then start() once, from one thread.
class Server final : public Port {
 public:
  // `wake_application` is called when take_events() has new events; it must be quick and never
  // block. Throws std::system_error if no descriptors are left.
  Server(Config config, std::function<void()> wake_application);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before the first listen function with Service::https, if Config::tls is on: reads the
  // certificates, which ReloadCertificates reads again. The error is a sentence without its end.
  Result<std::monostate, std::string> load_certificates();

  // Each may be called several times. Returns the URL ("http://127.0.0.1:8000",
  // "unix:/run/app.sock"); the error is a sentence. Unix sockets have no TLS.
  Result<std::string, std::string> listen_tcp(const std::string& host, std::uint16_t port,
                                              connection::Service service);
  Result<std::string, std::string> listen_unix(const std::string& path, unsigned mode);
  Result<std::string, std::string> listen_fd(int fd, connection::Service service);
  // The port of /metrics, /healthz and /readyz; Config::metrics is on.
  Result<std::string, std::string> listen_metrics(const std::string& host, std::uint16_t port);
  // Listens for other servers of the cluster, which forward requests of sessions of this one, and
  // forwards requests to them (forwarding/forwarding.h). Needs RedisConfig::url. Call it once, with
  // the address by which others reach this server. Reads the files of `tls`; nullopt: the
  // connections are not encrypted. Returns "127.0.0.1:7000".
  Result<std::string, std::string> listen_cluster(const std::string& host, std::uint16_t port,
                                                  std::string secret,
                                                  std::optional<tls::PeerFiles> tls);
  // Starts the I/O thread. Throws std::system_error if no thread can be created; then it may be
  // called again.
  void start();

  // StopServer starts a graceful stop, a second one stops immediately; ServerStopped is the last
  // event.
  void post(Command&& command) override;
  QuestionId ask(Question question) override;
  port::Answers& answers() override;
  bool is_overloaded(std::chrono::milliseconds age) const override;
  void wait_for_space(std::chrono::milliseconds age) override;
  bool notify_of_space() override;
  void take_events(std::vector<Event>& batch) override;
  Logger& logger() override;
  const Config& config() const override;

  // Where Config::python_processes is set, from one thread, at any time after start(): requests and
  // WebSockets are given to the Python process at the other end of `socket` from now on. `name` is
  // for the log, `place` for its status. Returns the number of the process, which the event
  // ProcessLeft has when its channel has ended.
  std::uint32_t add_process(FileDescriptor socket, std::string name, std::uint64_t place);

  // Closes everything at once and waits for the I/O thread. The destructor does it too.
  void stop_now();

  // Before start(). Opens the file of the access log; the error is a sentence.
  Result<std::monostate, std::string> open_logs();
  // Any thread. Reopens the file of the access log.
  void reopen_logs();
  // Any thread. Returns when all lines are in the file of the access log, or after `timeout`.
  void flush_logs(Milliseconds timeout);

 private:
  class IoThread;
  std::unique_ptr<IoThread> io_;
};

}  // namespace sioserve
