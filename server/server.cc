#include "server/server.h"

#include <memory>
#include <utility>

#include "server/io_thread.h"

namespace sioserve {

Server::Server(Config config, std::function<void()> wake_application)
    : io_(std::make_unique<IoThread>(std::move(config), std::move(wake_application))) {}
Server::~Server() = default;

Result<std::monostate, std::string> Server::load_certificates() { return io_->load_certificates(); }
Result<std::string, std::string> Server::listen_tcp(const std::string& host, std::uint16_t port,
                                                    connection::Service service) {
  return io_->listen_tcp(host, port, service);
}
Result<std::string, std::string> Server::listen_unix(const std::string& path, unsigned mode) {
  return io_->listen_unix(path, mode);
}
Result<std::string, std::string> Server::listen_fd(int fd, connection::Service service) {
  return io_->listen_fd(fd, service);
}
Result<std::string, std::string> Server::listen_metrics(const std::string& host,
                                                        std::uint16_t port) {
  return io_->listen_metrics(host, port);
}
Result<std::string, std::string> Server::listen_cluster(const std::string& host, std::uint16_t port,
                                                        std::string secret,
                                                        std::optional<tls::PeerFiles> tls) {
  return io_->listen_cluster(host, port, std::move(secret), std::move(tls));
}
void Server::start() { io_->start(); }
void Server::stop_now() { io_->stop_now(); }
std::uint32_t Server::add_process(FileDescriptor socket, std::string name, std::uint64_t place) {
  return io_->add_process(std::move(socket), std::move(name), place);
}
void Server::post(Command&& command) { io_->commands().push(std::move(command)); }
QuestionId Server::ask(Question question) { return io_->ask(std::move(question)); }
port::Answers& Server::answers() { return io_->answers(); }
bool Server::is_overloaded(std::chrono::milliseconds age) const {
  return io_->commands().is_overloaded(age);
}
void Server::wait_for_space(std::chrono::milliseconds age) { io_->commands().wait_for_space(age); }
bool Server::notify_of_space() { return io_->commands().notify_of_space(); }
void Server::take_events(std::vector<Event>& batch) { io_->take_events(batch); }
Logger& Server::logger() { return io_->logger(); }
const Config& Server::config() const { return io_->config(); }
Result<std::monostate, std::string> Server::open_logs() { return io_->access_log().open(); }
void Server::reopen_logs() { io_->access_log().reopen(); }
void Server::flush_logs(Milliseconds timeout) { io_->access_log().flush(timeout); }

}  // namespace sioserve
