#include "tests/unit/tls/test_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

namespace sioserve::tls {
namespace {

X509Ptr certificate_of(const std::string& pem) {
  const BioPtr reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509Ptr(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
}

KeyPtr key_of(const std::string& pem) {
  const BioPtr reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return KeyPtr(PEM_read_bio_PrivateKey(reader.get(), nullptr, nullptr, nullptr));
}

}  // namespace

TestClient::TestClient(const Authority& authority, const ClientSettings& settings)
    : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, settings.min_version);
  SSL_CTX_set_max_proto_version(context, settings.max_version);
  if (!settings.ciphers.empty()) SSL_CTX_set_cipher_list(context, settings.ciphers.c_str());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const X509Ptr root = certificate_of(authority.pem());
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get());
  if (settings.certificate != nullptr) {
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_use_certificate(context, certificate_of(settings.certificate->certificate).get());
    SSL_CTX_use_PrivateKey(context, key_of(settings.certificate->key).get());
  }
  ssl_.reset(SSL_new(context));
  input_ = BIO_new(BIO_s_mem());
  output_ = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(input_, -1);
  SSL_set_bio(ssl_.get(), input_, output_);
  SSL_set_app_data(ssl_.get(), this);
  if (!settings.host.empty()) SSL_set_tlsext_host_name(ssl_.get(), settings.host.c_str());
  std::string offered;
  for (const std::string& name : settings.protocols) {
    offered += static_cast<char>(name.size()) + name;
  }
  SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned>(offered.size()));
  SSL_set_connect_state(ssl_.get());
}

int TestClient::on_new_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<TestClient*>(SSL_get_app_data(ssl))->session_.reset(session);
  return 1;
}

std::string TestClient::receive(std::string_view ciphertext) {
  ERR_clear_error();
  if (!ciphertext.empty())
    BIO_write(input_, ciphertext.data(), static_cast<int>(ciphertext.size()));
  if (!connected_) {
    const int result = SSL_do_handshake(ssl_.get());
    connected_ = result == 1;
    failed_ = !connected_ && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
  }
  std::array<char, 4096> buffer;
  std::size_t size = 0;
  while (connected_) {
    const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size);
    if (result == 1) {
      plaintext_.append(buffer.data(), size);
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    server_has_ended_ = error == SSL_ERROR_ZERO_RETURN;
    failed_ = error != SSL_ERROR_ZERO_RETURN && error != SSL_ERROR_WANT_READ;
    break;
  }
  return take_output();
}

std::string TestClient::send(std::string_view plaintext) {
  std::size_t written = 0;
  SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written);
  return take_output();
}

std::string TestClient::close_notify() {
  SSL_shutdown(ssl_.get());
  return take_output();
}

std::string TestClient::ask_for_new_keys() {
  SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
  SSL_do_handshake(ssl_.get());
  return take_output();
}

std::string TestClient::renegotiate() {
  SSL_renegotiate(ssl_.get());
  SSL_do_handshake(ssl_.get());
  return take_output();
}

std::string TestClient::take_plaintext() { return std::exchange(plaintext_, std::string()); }

std::string TestClient::server_name() const {
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (!certificate) return "";
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  return name.data();
}

std::string TestClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

std::string TestClient::take_output() {
  char* data = nullptr;
  const long size = BIO_get_mem_data(output_, &data);
  std::string output(data, static_cast<std::size_t>(size));
  BIO_reset(output_);
  return output;
}

}  // namespace sioserve::tls
