#include "server/tls/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/tls/pem.h"

namespace sioserve::tls {
namespace {

BioPtr reader_of(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Called by OpenSSL for an encrypted key. -1: there is no password, so none is asked for on the
// terminal.
int give_password(char* buffer, int size, int, void* password) {
  const std::string& text = *static_cast<const std::string*>(password);
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), to_lower);
  return lowered;
}

std::string_view text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::optional<std::string> common_name(X509& leaf) {
  X509_NAME* subject = X509_get_subject_name(&leaf);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return std::nullopt;
  return lower_case(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index))));
}

std::vector<std::string> names_of(X509& leaf) {
  std::vector<std::string> names;
  const NamesPtr alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&leaf, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) names.push_back(lower_case(text_of(name->d.dNSName)));
  }
  if (names.empty()) {
    if (auto name = common_name(leaf)) names.push_back(std::move(*name));
  }
  return names;
}

Result<KeyPtr, CertificateError> parse_key(std::string_view pem, const std::string& password) {
  ERR_clear_error();
  const BioPtr reader = reader_of(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, give_password,
                                     const_cast<std::string*>(&password)));
  if (key) return key;
  const bool is_encrypted = pem.find("ENCRYPTED") != std::string_view::npos;
  const bool is_absent = pem.find("PRIVATE KEY-----") == std::string_view::npos;
  ERR_clear_error();
  return Failure{is_absent      ? CertificateError::no_key
                 : is_encrypted ? CertificateError::wrong_password
                                : CertificateError::bad_key};
}

}  // namespace

Result<Certificate, CertificateError> parse_certificate(std::string_view chain_pem,
                                                        std::string_view key_pem,
                                                        const std::string& password) {
  ERR_clear_error();
  Certificate certificate;
  certificate.chain.reset(sk_X509_new_null());
  const BioPtr reader = reader_of(chain_pem);
  certificate.leaf.reset(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  if (!certificate.leaf) {
    const bool is_absent = at_end_of_pem();
    ERR_clear_error();
    return Failure{is_absent ? CertificateError::no_certificate
                             : CertificateError::bad_certificate};
  }
  while (X509* next = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(certificate.chain.get(), next);
  }
  const bool is_complete = at_end_of_pem();
  ERR_clear_error();
  if (!is_complete) return Failure{CertificateError::bad_certificate};

  auto key = parse_key(key_pem, password);
  if (!key) return Failure{key.error()};
  certificate.key = std::move(*key);
  if (X509_check_private_key(certificate.leaf.get(), certificate.key.get()) != 1) {
    ERR_clear_error();
    return Failure{CertificateError::key_of_another_certificate};
  }
  certificate.names = names_of(*certificate.leaf);
  certificate.pem = to_pem(*certificate.leaf);
  return certificate;
}

bool has_expired(const Certificate& certificate) {
  return X509_cmp_current_time(X509_get0_notAfter(certificate.leaf.get())) < 0;
}

bool have_keys_of_one_kind(const Certificate& left, const Certificate& right) {
  return EVP_PKEY_base_id(left.key.get()) == EVP_PKEY_base_id(right.key.get());
}

bool expires_before(const Certificate& left, const Certificate& right) {
  return ASN1_TIME_compare(X509_get0_notAfter(left.leaf.get()),
                           X509_get0_notAfter(right.leaf.get())) < 0;
}

std::string to_pem(X509& certificate) {
  const BioPtr writer(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(writer.get(), &certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(writer.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace sioserve::tls
