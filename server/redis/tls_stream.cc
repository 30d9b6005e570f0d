#include "server/redis/tls_stream.h"

#include <cassert>
#include <utility>

#include "server/tls/record.h"

namespace sioserve::redis {

using State = tls::Engine::State;

TlsStream::TlsStream(net::Loop& loop, std::unique_ptr<net::Stream> below, tls::SslPtr session)
    : loop_(loop), below_(std::move(below)), engine_(std::move(session)) {}

std::string TlsStream::failure() const {
  return engine_.state() == State::failed ? engine_.failure() : "";
}

void TlsStream::start(net::StreamListener& listener) {
  listener_ = &listener;
  net::StreamListener& own = *this;
  below_->start(own);
  engine_.start();
  pass_output_on();
  schedule();
}

void TlsStream::write(std::string_view bytes) {
  if (!writable()) return;
  queue_.write(bytes);
  schedule();
}

void TlsStream::write_owned(std::string bytes) {
  if (!writable()) return;
  queue_.write_owned(std::move(bytes));
  schedule();
}

void TlsStream::write_shared(SharedBytes bytes) {
  if (!writable()) return;
  queue_.write_shared(std::move(bytes));
  schedule();
}

void TlsStream::write_file(FilePart) { assert(false); }

std::size_t TlsStream::buffered() const {
  return closed_ ? lost_ : queue_.size() + below_->buffered();
}

void TlsStream::finish() {
  if (!writable()) return;
  finishing_ = true;
  schedule();
}

void TlsStream::close() {
  if (closed_) return;
  lost_ = buffered();
  closed_ = true;
  below_->close();
}

void TlsStream::schedule() { loop_.deferred_queue().schedule(*this); }

// --- Output ---

void TlsStream::on_turn_end() {
  if (closed_) return;
  if (engine_.state() != State::handshake) flush();
  if (engine_.state() == State::failed) break_off();
}

void TlsStream::flush() {
  while (!queue_.empty() && below_->buffered() < tls::max_ahead) {
    tls::send_next(engine_, queue_, joined_);
    pass_output_on();
    if (engine_.state() == State::failed) return;
  }
  if (!finishing_ || !queue_.empty()) return;
  engine_.close();
  pass_output_on();
  below_->finish();
}

void TlsStream::pass_output_on() {
  if (engine_.has_output()) below_->write_owned(engine_.take_output());
}

void TlsStream::on_drain() {
  if (!queue_.empty()) schedule();
  listener_->on_drain();
}

// --- Input ---

void TlsStream::on_read(std::string_view bytes) {
  const bool was_in_handshake = in_handshake();
  plaintext_.clear();
  engine_.receive(bytes, plaintext_);
  pass_output_on();
  if (below_->buffered() > tls::max_unread_answers) return break_off();
  if (was_in_handshake && !queue_.empty()) schedule();
  if (!plaintext_.empty()) listener_->on_read(plaintext_);
  if (closed_) return;
  switch (engine_.state()) {
    case State::handshake:
    case State::open:
      break;
    case State::ended:
      on_end();
      break;
    case State::failed:
      break_off();
      break;
  }
}

// Also without close_notify: RESP itself says where a reply ends.
void TlsStream::on_end() {
  if (std::exchange(ended_, true)) return;
  listener_->on_end();
}

void TlsStream::on_broken() {
  lost_ = buffered();
  closed_ = true;
  listener_->on_broken();
}

void TlsStream::break_off() {
  close();
  listener_->on_broken();
}

}  // namespace sioserve::redis
