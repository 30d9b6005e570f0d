#include "server/connection/tls_stream.h"

#include <utility>

#include "server/tls/record.h"

namespace sioserve::connection {
TlsStream::TlsStream(Context& context, std::unique_ptr<net::Stream> below,
                     std::unique_ptr<tls::Session> session)
    : context_(context),
      below_(std::move(below)),
      session_(std::move(session)),
      reachable_(std::make_shared<TlsStream*>(this)) {}

void TlsStream::start(net::StreamListener& listener) {
  listener_ = &listener;
  net::StreamListener& own = *this;
  below_->start(own);
  if (session_->state() != tls::Session::State::open) schedule();
}

void TlsStream::resume_reading() {
  if (!ended_) below_->resume_reading();
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

void TlsStream::write_file(FilePart part) {
  if (!writable()) return;
  queue_.write_file(std::move(part));
  schedule();
}

std::size_t TlsStream::buffered() const {
  return closed_ ? lost_ : queue_.size() + below_->buffered();
}

bool TlsStream::peer_is_disconnected() const { return ended_ || below_->peer_is_disconnected(); }

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

void TlsStream::schedule() { context_.deferred_queue.schedule(*this); }

// --- Output ---

void TlsStream::on_turn_end() {
  if (closed_) return;
  flush();
  if (!closed_ && session_->state() == tls::Session::State::ended) peer_has_ended();
}

void TlsStream::flush() {
  while (!queue_.empty() && !reading_file_ && below_->buffered() < tls::max_ahead) {
    if (auto file = queue_.next_file()) {
      read_file(std::move(*file));
    } else {
      tls::send_next(*session_, queue_, context_.scratch);
      pass_output_on();
      if (session_->state() == tls::Session::State::failed) return break_off();
    }
  }
  if (!finishing_ || !queue_.empty()) return;
  session_->close();
  pass_output_on();
  below_->finish();
}

void TlsStream::read_file(FilePart part) {
  reading_file_ = true;
  auto portion = std::make_shared<net::FilePortion>();
  context_.run_in_background(
      [part, portion] { *portion = net::read_portion(part, tls::max_ahead); },
      [part, portion, stream = std::weak_ptr<TlsStream*>(reachable_)] {
        if (const auto reached = stream.lock()) {
          (*reached)->on_file_portion(std::move(*portion), *part.file);
        }
      });
}

void TlsStream::on_file_portion(net::FilePortion portion, const OpenFile& file) {
  reading_file_ = false;
  if (closed_) return;
  if (portion.outcome != net::FilePortion::Outcome::read) {
    listener_->on_file_failed(file, portion.error);
    return break_off();
  }
  session_->send(portion.bytes);
  queue_.consume(portion.bytes.size());
  pass_output_on();
  schedule();
}

void TlsStream::pass_output_on() {
  if (session_->has_output()) below_->write_owned(session_->take_output());
}

void TlsStream::on_drain() {
  if (!queue_.empty()) schedule();
  listener_->on_drain();
}

// --- Input ---

void TlsStream::on_read(std::string_view bytes) {
  std::string& plaintext = context_.plaintext;
  plaintext.clear();
  session_->receive(bytes, context_.now(), plaintext);
  if (session_->has_output()) {
    pass_output_on();
    if (below_->buffered() > tls::max_unread_answers) return break_off();
  }
  if (!plaintext.empty()) listener_->on_read(plaintext);
  if (closed_) return;
  switch (session_->state()) {
    case tls::Session::State::handshake:
    case tls::Session::State::open:
      break;
    case tls::Session::State::ended:
      peer_has_ended();
      break;
    case tls::Session::State::failed:
      break_off();
      break;
  }
}

// Without close_notify, as many clients end a connection. HTTP and WebSocket notice if something is
// missing.
void TlsStream::on_end() { peer_has_ended(); }

void TlsStream::peer_has_ended() {
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

}  // namespace sioserve::connection
