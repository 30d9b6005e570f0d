// The input of an HTTP connection: pipelined requests with bodies. However the bytes are split, the
// parser finds the same requests, and a parsed request that is written again is parsed the same
// way.
#include <string>

#include "server/base/field_syntax.h"
#include "server/base/ip_network.h"
#include "server/http/forwarded.h"
#include "server/http/http1_response_encoder.h"
#include "server/http/request_parser.h"
#include "server/ws/handshake.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {
namespace {

// The limit on white space outside of headers is checked only between calls; an input of this size
// does not reach the limit.
constexpr std::size_t longest_input = 4'000;
constexpr http::ParserLimits narrow{1'024, 1'024, 16, 2'000, 64};
constexpr http::ParserLimits wide{4'096, 8'192, 32, 8'000, 64};

struct Request {
  RequestHead head;
  std::string body;
  std::string flags;
};

std::string text_of(const Request& request) {
  const RequestHead& head = request.head;
  std::string text = head.method + '\n' + head.raw_path + '\n' + head.path + '\n' +
                     head.query_string + '\n' + head.http_version + '\n' + request.flags + '\n';
  for (const HeaderView& header : head.headers) {
    text.append(header.name).append("=").append(header.value).append("\n");
  }
  return text + request.body + "\n\n";
}

struct Outcome {
  std::vector<Request> requests;  // complete requests
  std::string text;               // the requests, and whether the rest is refused
};

void check_head(const RequestHead& head, const http::ParserLimits& limits) {
  require(is_token(head.method), "a method is a token");
  require(head.http_version == "1.0" || head.http_version == "1.1", "the version is known");
  require(head.raw_path.size() + head.query_string.size() <= limits.max_request_line,
          "the request line is within the limit");
  require(head.path.size() <= head.raw_path.size(), "decoding a path makes it no longer");
  // An absolute target adds a Host header if there was none.
  require(head.headers.size() <= limits.max_headers + 1, "there are no more headers than allowed");
  std::size_t bytes = 0;
  for (const HeaderView& header : head.headers) {
    require(is_token(header.name), "a header's name is a token");
    require(is_field_value(header.value), "a header's value has no line end");
    if (header.name != "host") bytes += header.name.size() + header.value.size();
  }
  require(bytes <= limits.max_header_bytes, "headers are within the limit");
}

Outcome parse(const Pieces& pieces, const http::ParserLimits& limits) {
  http::RequestParser parser(limits);
  Outcome outcome;
  Request request;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const auto progress = parser.feed(piece);
      if (progress.error) {
        if (parser.within_head()) parser.give_up_head();
        // If an input has several errors, any of them may be found first.
        outcome.text += "refused";
        return outcome;
      }
      require(progress.consumed > 0 || progress.request_complete, "the parser makes progress");
      if (progress.head_complete) {
        check_head(parser.head(), limits);
        request.flags =
            std::to_string(parser.keep_alive()) + std::to_string(parser.expects_continue()) +
            std::to_string(parser.upgrade_requested()) + std::to_string(parser.has_body());
        request.head = *parser.take_head();
      }
      request.body += progress.body;
      require(request.body.size() <= limits.max_body, "a body is within the limit");
      piece.remove_prefix(progress.consumed);
      if (!progress.request_complete) continue;
      outcome.text += text_of(request);
      outcome.requests.push_back(std::exchange(request, {}));
    }
  }
  if (parser.within_head()) parser.give_up_head();
  return outcome;
}

std::string write(const Request& request) {
  const RequestHead& head = request.head;
  std::string text = head.method + ' ' + head.raw_path;
  if (!head.query_string.empty()) text += '?' + head.query_string;
  text += " HTTP/" + head.http_version + "\r\n";
  for (const HeaderView& header : head.headers) {
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  text += "\r\n";
  if (!find_header(head.headers, "transfer-encoding")) return text + request.body;
  if (!request.body.empty()) {
    http::append_chunk_start(request.body.size(), text);
    text += request.body + "\r\n";
  }
  return text + "0\r\n\r\n";
}

void use(const Request& request) {
  static const SharedEndpoints peers = std::make_shared<const Endpoints>(
      Endpoints{{"127.0.0.1", 5'000}, {"127.0.0.1", 8'000}, false});
  ProxyConfig config;
  config.forwarded_headers = true;
  config.trusted = *TrustedProxies::parse({"127.0.0.0/8", "10.0.0.0/8", "::1"});
  for (const char* header : {"x-forwarded-for", "forwarded"}) {
    config.forwarded_for_header = header;
    const SharedEndpoints ends =
        http::endpoints_behind_proxies(request.head.headers, peers, config);
    const auto client = IpAddress::parse(ends->client.host);
    require(client && client->to_string() == ends->client.host, "the client is an address");
    require(ends->client.port >= 0 && ends->client.port <= 65'535, "a port has 16 bits");
    require(ends->server.port >= 0 && ends->server.port <= 65'535, "a port has 16 bits");
  }
  http::request_id_of_proxy(request.head.headers, *peers, config);

  if (!ws::asks_for_websocket(request.head)) return;
  const auto handshake = ws::check_handshake(request.head);
  if (!handshake) return;
  for (const Header& header : ws::answer_headers(*handshake, "")) {
    require(is_field_value(header.value), "a response header has no line end");
  }
  if (!handshake->deflate) return;
  const ws::DeflateParameters& parameters = handshake->deflate->parameters;
  require(parameters.server_window_bits >= 9 && parameters.server_window_bits <= 15,
          "zlib supports the window");
  require(parameters.client_window_bits >= 8 && parameters.client_window_bits <= 15,
          "zlib supports the window");
}

}  // namespace

void fuzz(std::string_view input) {
  input = input.substr(0, longest_input);
  const Outcome outcome = parse(whole(input), narrow);
  require(parse(byte_by_byte(input), narrow).text == outcome.text,
          "the result is the same byte by byte");
  require(parse(in_pieces(input), narrow).text == outcome.text, "the result is the same in parts");
  for (const Request& request : outcome.requests) {
    const std::string written = write(request);
    require(parse(whole(written), wide).text == text_of(request),
            "a packet that was read can be written");
    use(request);
  }
}

}  // namespace sioserve::fuzz
