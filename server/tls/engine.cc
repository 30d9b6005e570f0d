#include "server/tls/engine.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

namespace sioserve::tls {
namespace {

constexpr std::size_t record_size = 16'384;  // the largest plaintext of a record
// A record with a fatal alert, protocol_version (RFC 8446 sections 5.1 and 6).
constexpr std::string_view plain_alert("\x15\x03\x01\x00\x02\x02\x46", 7);

bool is_about_certificate(unsigned long code) {
  return ERR_GET_LIB(code) == ERR_LIB_SSL &&
         ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

std::string words_for(unsigned long code) {
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "" : reason;
}

}  // namespace

// A BIO that reads from the bytes given to receive() and writes to a string, so that no memory is
// kept between calls.
BIO* Engine::make_bio(Transport& transport) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sioserve");
    BIO_meth_set_read(made, [](BIO* bio, char* target, int size) {
      auto& input = static_cast<Transport*>(BIO_get_data(bio))->input;
      BIO_clear_retry_flags(bio);
      if (input.empty()) {
        BIO_set_retry_read(bio);
        return -1;
      }
      const std::size_t count = std::min(input.size(), static_cast<std::size_t>(size));
      std::memcpy(target, input.data(), count);
      input.remove_prefix(count);
      return static_cast<int>(count);
    });
    BIO_meth_set_write(made, [](BIO* bio, const char* bytes, int size) {
      static_cast<Transport*>(BIO_get_data(bio))
          ->output.append(bytes, static_cast<std::size_t>(size));
      return size;
    });
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, &transport);
  BIO_set_init(bio, 1);
  return bio;
}

Engine::Engine(SslPtr ssl) : ssl_(std::move(ssl)) {
  BIO* bio = make_bio(transport_);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Engine::~Engine() = default;

void Engine::start() {
  ERR_clear_error();
  shake_hands();
}

void Engine::receive(std::string_view ciphertext, std::string& plaintext) {
  if (state_ == State::ended || state_ == State::failed) return;
  transport_.input = ciphertext;
  ERR_clear_error();
  if (state_ == State::handshake) shake_hands();
  if (state_ == State::open) read(plaintext);
  transport_.input = {};
}

void Engine::shake_hands() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::open;
  } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    fail();
  }
}

void Engine::read(std::string& plaintext) {
  std::array<char, record_size> buffer;
  for (;;) {
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size);
    if (result == 1) {
      plaintext.append(buffer.data(), size);
      continue;
    }
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return;
      case SSL_ERROR_ZERO_RETURN:
        state_ = State::ended;
        return;
      default:
        return fail();
    }
  }
}

void Engine::send(std::string_view plaintext) {
  assert(state_ != State::handshake);
  if (state_ == State::failed || closed_ || plaintext.empty()) return;
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) != 1) fail();
}

void Engine::close() {
  if (state_ == State::handshake || state_ == State::failed || std::exchange(closed_, true)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

std::string Engine::take_output() { return std::exchange(transport_.output, std::string()); }

void Engine::fail() {
  state_ = State::failed;
  error_code_ = ERR_peek_error();
  error_detail_ = is_about_certificate(error_code_)
                      ? X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()))
                      : words_for(error_code_);
  ERR_clear_error();
  // OpenSSL says nothing to a client whose first bytes are no TLS. With this it can know why.
  if (SSL_get_state(ssl_.get()) == TLS_ST_BEFORE && SSL_is_server(ssl_.get()) == 1 &&
      transport_.output.empty()) {
    transport_.output = plain_alert;
  }
}

std::string Engine::failure() const {
  if (is_about_certificate(error_code_)) return words_for(error_code_) + ": " + error_detail_;
  return error_detail_.empty() ? "the bytes of the peer are not valid TLS" : error_detail_;
}

}  // namespace sioserve::tls
