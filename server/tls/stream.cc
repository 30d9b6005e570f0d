#include "server/tls/stream.h"

#include <array>
#include <utility>

namespace sioserve::tls {
namespace {

// Encrypted bytes that may wait in the stream below for the kernel.
constexpr std::size_t max_ahead = 65'536;
// Answers to the peer's control messages (a new key, an attempt to renegotiate) that it does not
// read: more is an attack.
constexpr std::size_t max_unread_answers = 262'144;
constexpr std::size_t record_size = 16'384;  // the largest plaintext of a record

}  // namespace

Stream::Stream(StreamEnvironment& environment, std::unique_ptr<net::Stream> below,
               std::unique_ptr<Engine> engine)
    : environment_(environment),
      below_(std::move(below)),
      engine_(std::move(engine)),
      reachable_(std::make_shared<Stream*>(this)) {}

std::string Stream::failure() const {
  return engine_->state() == Engine::State::failed ? engine_->failure() : "";
}

void Stream::start(net::StreamListener& listener) {
  listener_ = &listener;
  net::StreamListener& own = *this;
  below_->start(own);
  if (in_handshake()) {
    engine_->start();
    pass_output_on();
  }
  if (engine_->state() != Engine::State::open) schedule();
}

void Stream::resume_reading() {
  if (!ended_) below_->resume_reading();
}

void Stream::write(std::string_view bytes) {
  if (!writable()) return;
  queue_.write(bytes);
  schedule();
}

void Stream::write_owned(std::string bytes) {
  if (!writable()) return;
  queue_.write_owned(std::move(bytes));
  schedule();
}

void Stream::write_shared(const SharedBytes& bytes) {
  if (!writable()) return;
  queue_.write_shared(bytes);
  schedule();
}

void Stream::write_file(FilePart part) {
  if (!writable()) return;
  queue_.write_file(std::move(part));
  schedule();
}

std::size_t Stream::buffered() const {
  return closed_ ? lost_ : queue_.size() + below_->buffered();
}

bool Stream::peer_is_disconnected() const { return ended_ || below_->peer_is_disconnected(); }

void Stream::finish() {
  if (!writable()) return;
  finishing_ = true;
  schedule();
}

void Stream::close() {
  stop_writing();
  below_->close();
}

void Stream::stop_writing() {
  if (closed_) return;
  lost_ = buffered();
  closed_ = true;
}

// --- Output ---

void Stream::on_turn_end() {
  if (closed_) return;
  if (!in_handshake()) flush();
  notice_state();
}

void Stream::flush() {
  while (!queue_.empty() && !reading_file_ && below_->buffered() < max_ahead) {
    if (auto file = queue_.next_file()) {
      read_file(std::move(*file));
    } else {
      send_next();
      if (engine_->state() == Engine::State::failed) return;
    }
  }
  if (!finishing_ || !queue_.empty()) return;
  engine_->close();
  pass_output_on();
  below_->finish();
}

// Small parts joined in one record, or a large part.
void Stream::send_next() {
  std::array<WriteQueue::Part, 16> parts;
  const std::size_t count = queue_.next_parts(parts, max_ahead);
  if (count == 1 || parts[0].size >= record_size) {
    engine_->send(parts[0].view());
    queue_.consume(parts[0].size);
  } else {
    std::string& joined = environment_.joined;
    for (std::size_t i = 0; i < count && joined.size() < record_size; ++i) {
      joined += parts[i].view().substr(0, record_size - joined.size());
    }
    engine_->send(joined);
    queue_.consume(joined.size());
    joined.clear();
  }
  pass_output_on();
}

void Stream::read_file(FilePart part) {
  reading_file_ = true;
  auto portion = std::make_shared<net::FilePortion>();
  environment_.run_in_background([part, portion] { *portion = net::read_portion(part, max_ahead); },
                                 [part, portion, stream = std::weak_ptr<Stream*>(reachable_)] {
                                   if (const auto reached = stream.lock()) {
                                     (*reached)->on_file_portion(std::move(*portion), *part.file);
                                   }
                                 });
}

void Stream::on_file_portion(net::FilePortion portion, const OpenFile& file) {
  reading_file_ = false;
  if (closed_) return;
  if (portion.outcome != net::FilePortion::Outcome::read) {
    listener_->on_file_failed(file, portion.error);
    return break_off();
  }
  engine_->send(portion.bytes);
  queue_.consume(portion.bytes.size());
  pass_output_on();
  schedule();
}

void Stream::pass_output_on() {
  if (engine_->has_output()) below_->write_owned(engine_->take_output());
}

void Stream::on_drain() {
  if (closed_) return;
  if (!queue_.empty()) schedule();
  listener_->on_drain();
}

// --- Input ---

void Stream::on_read(std::string_view bytes) {
  if (closed_) return;
  const bool was_in_handshake = in_handshake();
  std::string& plaintext = environment_.plaintext;
  plaintext.clear();
  engine_->receive(bytes, plaintext);
  if (engine_->has_output()) {
    pass_output_on();
    if (below_->buffered() > max_unread_answers) return break_off();
  }
  if (was_in_handshake && !in_handshake()) schedule();
  if (!plaintext.empty()) listener_->on_read(plaintext);
  if (!closed_) notice_state();
}

void Stream::notice_state() {
  switch (engine_->state()) {
    case Engine::State::handshake:
    case Engine::State::open:
      break;
    case Engine::State::ended:
      on_end();
      break;
    case Engine::State::failed:
      break_off();
      break;
  }
}

// Also without close_notify, as many peers end a connection. HTTP, WebSocket and RESP notice if
// something is missing.
void Stream::on_end() {
  if (closed_ || std::exchange(ended_, true)) return;
  listener_->on_end();
}

void Stream::on_broken() {
  if (closed_) return;
  stop_writing();
  listener_->on_broken();
}

// The alert still goes to the peer, unless the listener closes the stream.
void Stream::break_off() {
  stop_writing();
  below_->finish();
  listener_->on_broken();
}

}  // namespace sioserve::tls
