#include "server/port/channel.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "server/base/field_syntax.h"
#include "server/base/logger.h"

namespace sioserve::port {
namespace {

// A larger response is sent in parts, so that none exceeds max_frame.
constexpr std::size_t max_body_part = 16'777'216;

bool has_framing(const Headers& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const Header& header) {
    return equals_ignoring_case(header.name, "content-length") ||
           equals_ignoring_case(header.name, "transfer-encoding");
  });
}

}  // namespace

FrameWriter::Added IoEnd::push(const Event& event) {
  const FrameWriter::Added added = output_.add(event);
  note_size();
  return added;
}

void IoEnd::give(QuestionId question, const Answer& answer) {
  if (output_.add(question, answer) == FrameWriter::Added::too_large) {
    output_.add(question, Answer());
  }
  note_size();
}

bool IoEnd::has_become_free() {
  if (!full_ || output_.size() > max_bytes_ / 2) return false;
  full_ = false;
  return true;
}

std::optional<FrameError> PythonEnd::receive(std::string_view bytes) {
  const auto error = receive(bytes, received_);
  if (error) return error;
  if (events_.push(received_) == EventQueue::State::full) wants_input_ = false;
  return std::nullopt;
}

std::optional<FrameError> PythonEnd::receive(std::string_view bytes, std::vector<Event>& events) {
  input_.feed(bytes);
  for (;;) {
    auto message = input_.next();
    if (!message) return message.error();
    if (!*message) return std::nullopt;
    if (auto* event = std::get_if<Event>(&**message)) {
      events.push_back(std::move(*event));
    } else {
      auto& answered = std::get<QuestionAnswered>(**message);
      answers_.give(answered.question, std::move(answered.answer));
    }
  }
}

bool PythonEnd::fill_output() {
  if (!output_.empty()) return true;
  const CommandQueue::Taken taken = commands_.take(batch_);
  if (taken.space_requested) push(CommandQueueHasSpace{});
  if (taken.held_up > 0) add(CommandsHeldUp{taken.held_up});
  for (Command& command : batch_) add(std::move(command));
  return !output_.empty();
}

void PythonEnd::add(Command command) {
  auto* const http = std::get_if<HttpCommand>(&command);
  auto* const respond = http == nullptr ? nullptr : std::get_if<HttpRespond>(http);
  if (respond != nullptr && respond->body.size() > max_body_part) {
    return add_in_parts(std::move(*respond));
  }
  if (output_.add(command) == FrameWriter::Added::too_large) give_up(command);
}

// A complete body has the Content-Length that the I/O side would have set.
void PythonEnd::add_in_parts(HttpRespond command) {
  if (command.head && !command.more_body && !has_framing(command.head->headers)) {
    command.head->headers.push_back({"content-length", std::to_string(command.body.size())});
  }
  const std::string body = std::move(command.body);
  for (std::size_t start = 0; start < body.size(); start += max_body_part) {
    const bool last = start + max_body_part >= body.size();
    add(HttpRespond{command.stream, start == 0 ? std::move(command.head) : std::nullopt,
                    body.substr(start, max_body_part), !last || command.more_body});
  }
}

void PythonEnd::give_up(const Command& command) {
  push(LogRecord{
      LogCategory::server, LogLevel::error,
      "a message of more than " + std::to_string(max_frame) + " bytes can't be sent with --workers",
      ""});
  if (const auto* send = get_message<WebSocketSend>(command)) add(WebSocketFail{send->stream});
  if (const auto* deny = get_message<WebSocketDeny>(command)) add(WebSocketFail{deny->stream});
  if (const auto* respond = get_message<HttpRespond>(command)) add(HttpFail{respond->stream});
}

void PythonEnd::push(Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  if (events_.push(events) == EventQueue::State::full) wants_input_ = false;
}

}  // namespace sioserve::port
