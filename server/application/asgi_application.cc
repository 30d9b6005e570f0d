#include "server/application/asgi_application.h"

#include <utility>
#include <variant>

namespace sioserve::application {

std::unique_ptr<connection::RequestHandler> AsgiApplication::make_handler(
    StreamId id, connection::Exchange& exchange) {
  return std::make_unique<RequestStream>(id, exchange, requests_, events_, config_);
}

std::unique_ptr<connection::WebSocketHandler> AsgiApplication::make_handler(
    StreamId id, connection::WebSocketChannel& channel) {
  return std::make_unique<WebSocketStream>(id, channel, websockets_, events_, config_);
}

void AsgiApplication::handle(HttpCommand&& command) {
  std::visit([this](auto& alternative) { handle(std::move(alternative)); }, command);
}

void AsgiApplication::handle(WebSocketCommand&& command) {
  std::visit([this](auto& alternative) { handle(std::move(alternative)); }, command);
}

void AsgiApplication::handle(HttpRespond&& command) {
  if (auto* stream = requests_.find(command.stream)) stream->respond(std::move(command));
}

void AsgiApplication::handle(HttpRespondFile&& command) {
  if (auto* stream = requests_.find(command.stream)) stream->respond_file(std::move(command));
}

void AsgiApplication::handle(HttpTrailers&& command) {
  if (auto* stream = requests_.find(command.stream)) stream->trailers(command);
}

void AsgiApplication::handle(HttpEarlyHints&& command) {
  if (auto* stream = requests_.find(command.stream)) stream->early_hints(command);
}

void AsgiApplication::handle(HttpBodyConsumed&& command) {
  if (auto* stream = requests_.find(command.stream)) stream->body_consumed(command.bytes);
}

void AsgiApplication::handle(HttpFail&& command) {
  if (auto* stream = requests_.find(command.stream)) stream->fail();
}

void AsgiApplication::handle(WebSocketAccept&& command) {
  if (auto* stream = websockets_.find(command.stream)) stream->accept(std::move(command));
}

void AsgiApplication::handle(WebSocketSend&& command) {
  if (auto* stream = websockets_.find(command.stream)) stream->send(std::move(command));
}

void AsgiApplication::handle(WebSocketClose&& command) {
  if (auto* stream = websockets_.find(command.stream)) stream->close(std::move(command));
}

void AsgiApplication::handle(WebSocketDeny&& command) {
  if (auto* stream = websockets_.find(command.stream)) stream->deny(std::move(command));
}

void AsgiApplication::handle(WebSocketFail&& command) {
  if (auto* stream = websockets_.find(command.stream)) stream->fail();
}

void AsgiApplication::handle(WebSocketConsumed&& command) {
  if (auto* stream = websockets_.find(command.stream)) stream->consumed(command.bytes);
}

void AsgiApplication::handle(HttpHandOver&& command) {
  if (auto* stream = requests_.find(command.stream)) stream->hand_over(engine_);
}

void AsgiApplication::handle(WebSocketHandOver&& command) {
  if (auto* stream = websockets_.find(command.stream)) stream->hand_over(engine_);
}

void AsgiApplication::process_lost(StreamId stream) {
  if (auto* request = requests_.find(stream)) request->process_lost();
  if (auto* websocket = websockets_.find(stream)) websocket->process_lost();
}

void AsgiApplication::no_process_for(StreamId stream) {
  if (auto* request = requests_.find(stream)) request->no_process();
  if (auto* websocket = websockets_.find(stream)) websocket->no_process();
}

void AsgiApplication::events_taken() {
  requests_.for_each([](RequestStream& stream) { stream.queue_drained(); });
  websockets_.for_each([](WebSocketStream& stream) { stream.queue_drained(); });
}

}  // namespace sioserve::application
