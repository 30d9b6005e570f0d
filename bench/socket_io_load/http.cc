#include "bench/socket_io_load/http.h"

#include <strings.h>

#include <cstdlib>
#include <optional>

#include "bench/socket_io_load/fail.h"

namespace load {
namespace {

// The value of a header in the lines of a response's head.
std::optional<std::string> header(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const auto value = line.find_first_not_of(' ', name.size() + 1);
    return std::string(value == std::string_view::npos ? "" : line.substr(value));
  }
  return std::nullopt;
}

// The body in chunks at the start of `data`; nothing if it is not complete.
std::optional<std::string> unchunked(std::string_view data) {
  std::string body;
  while (true) {
    const auto line = data.find("\r\n");
    if (line == std::string_view::npos) return std::nullopt;
    const std::size_t size = std::strtoul(std::string(data.substr(0, line)).c_str(), nullptr, 16);
    if (data.size() < line + 2 + size + 2) return std::nullopt;
    if (size == 0) return body;
    body += data.substr(line + 2, size);
    data.remove_prefix(line + 2 + size + 2);
  }
}

}  // namespace

void HttpConnection::open(int epoll, std::uint16_t port) {
  socket_.open(epoll, port, *this);
  host_ = "127.0.0.1:" + std::to_string(port);
  input_.clear();
  busy_ = false;
}

void HttpConnection::get(std::string_view target) { request("GET", target, "\r\n"); }

void HttpConnection::post(std::string_view target, std::string_view body) {
  request("POST", target,
          "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

void HttpConnection::request(std::string_view method, std::string_view target,
                             std::string_view more) {
  if (busy_) fail("a request is under way already");
  busy_ = true;
  std::string text(method);
  text += " ";
  text += target;
  text += " HTTP/1.1\r\nHost: " + host_ + "\r\nAccept: */*\r\n";
  text += more;
  socket_.send(text);
}

void HttpConnection::on_ready(std::uint32_t events) {
  const std::string_view data = socket_.on_ready(events);
  if (!data.empty()) {
    input_ += data;
    take_response();
  }
  socket_.flush();
}

void HttpConnection::take_response() {
  const auto end = input_.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const std::string_view head = std::string_view(input_).substr(0, end);
  if (!head.starts_with("HTTP/1.1 200")) fail("not 200: " + input_.substr(0, 300));
  const std::string_view rest = std::string_view(input_).substr(end + 4);
  std::string body;
  if (const auto length = header(head, "content-length")) {
    const std::size_t size = std::strtoul(length->c_str(), nullptr, 10);
    if (rest.size() < size) return;
    body = rest.substr(0, size);
  } else if (header(head, "transfer-encoding")) {
    std::optional<std::string> whole = unchunked(rest);
    if (!whole) return;
    body = std::move(*whole);
  } else {
    fail("a response without a length: " + std::string(head));
  }
  // Nothing follows: the next request has not been sent.
  input_.clear();
  busy_ = false;
  user_.on_response(*this, body);
}

}  // namespace load
