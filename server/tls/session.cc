#include "server/tls/session.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

namespace sioserve::tls {
namespace {

constexpr std::size_t record_size = 16'384;  // the largest plaintext of a record

std::string subject_of(X509& certificate) {
  const BioPtr writer(BIO_new(BIO_s_mem()));
  // RFC 4514, as ASGI wants it.
  X509_NAME_print_ex(writer.get(), X509_get_subject_name(&certificate), 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const long size = BIO_get_mem_data(writer.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// `code`: of OpenSSL's error queue.
Error error_of(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return Error::malformed;
  // The alerts of the client, whose numbers are one byte.
  if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 0xFF) {
    return Error::rejected_by_client;
  }
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_UNKNOWN_PROTOCOL:
      return Error::unsupported_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return Error::no_shared_cipher;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return Error::no_shared_protocol;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Error::no_client_certificate;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return Error::client_certificate_invalid;
    default:
      return Error::malformed;
  }
}

}  // namespace

// A BIO that reads from the bytes given to receive() and writes to a string, so that no memory is
// kept between calls.
BIO* Session::make_bio(Transport& transport) {
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

Session::Session(std::shared_ptr<const ServerContext> context)
    : context_(std::move(context)), ssl_(context_->new_session()) {
  BIO* bio = make_bio(transport_);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_accept_state(ssl_.get());
}

Session::~Session() = default;

void Session::receive(std::string_view ciphertext, TimePoint now, std::string& plaintext) {
  if (state_ == State::ended || state_ == State::failed) return;
  transport_.input = ciphertext;
  now_ = now;
  ERR_clear_error();
  if (state_ == State::handshake) shake_hands();
  if (state_ == State::open) read(plaintext);
  transport_.input = {};
}

void Session::shake_hands() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::open;
  } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    fail();
  }
}

void Session::read(std::string& plaintext) {
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

void Session::send(std::string_view plaintext) {
  assert(state_ != State::handshake);
  if (state_ == State::failed || closed_ || plaintext.empty()) return;
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) != 1) fail();
}

void Session::close() {
  if (state_ == State::handshake || state_ == State::failed || std::exchange(closed_, true)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

std::string Session::take_output() { return std::exchange(transport_.output, std::string()); }

void Session::fail() {
  state_ = State::failed;
  const unsigned long code = ERR_peek_error();
  const char* reason = ERR_reason_error_string(code);
  error_ = error_of(code);
  error_detail_ = reason == nullptr ? "" : reason;
  if (error_ == Error::client_certificate_invalid) {
    error_detail_ = X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
  }
  ERR_clear_error();
}

TlsDetails Session::details() const {
  TlsDetails details;
  details.version = static_cast<std::uint16_t>(SSL_version(ssl_.get()));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get())) {
    details.cipher_suite = SSL_CIPHER_get_protocol_id(cipher);
  }
  const char* host = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  const auto& possible = context_->certificates().find(host == nullptr ? "" : host);
  // A resumed session does not say which one of several it was.
  const X509* sent = SSL_get_certificate(ssl_.get());
  const auto found = std::ranges::find_if(
      possible, [sent](const Certificate* one) { return one->leaf.get() == sent; });
  details.server_cert = (found == possible.end() ? possible.front() : *found)->pem;

  const X509Ptr peer(SSL_get1_peer_certificate(ssl_.get()));
  if (!peer) return details;
  details.client_cert_name = subject_of(*peer);
  // On the server's side, OpenSSL does not count the leaf as a part of the chain.
  details.client_cert_chain.push_back(to_pem(*peer));
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_.get());
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    details.client_cert_chain.push_back(to_pem(*sk_X509_value(chain, i)));
  }
  return details;
}

std::string_view Session::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool Session::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

}  // namespace sioserve::tls
