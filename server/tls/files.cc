#include "server/tls/files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace sioserve::tls {
namespace {

namespace fs = std::filesystem;

struct Pair {
  std::string certificate;
  std::string key;
};

Result<std::string, std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  const bool is_empty = file && file.peek() == std::ifstream::traits_type::eof();
  if (file && !is_empty) text << file.rdbuf();
  if (file.bad() || !(file.is_open() && text)) {
    return Failure{"cannot read " + path + ": " + std::strerror(errno == 0 ? EIO : errno)};
  }
  return std::move(text).str();
}

std::string describe(CertificateError error, const Pair& pair) {
  switch (error) {
    case CertificateError::no_certificate:
      return pair.certificate + " has no certificate (PEM)";
    case CertificateError::bad_certificate:
      return pair.certificate + " has a certificate that cannot be read";
    case CertificateError::no_key:
      return pair.key + " has no private key (PEM)";
    case CertificateError::wrong_password:
      return "the private key " + pair.key + " is encrypted, and its password is missing or wrong";
    case CertificateError::bad_key:
      return "the private key " + pair.key + " cannot be read";
    case CertificateError::key_of_another_certificate:
      return "the private key " + pair.key + " does not belong to the certificate " +
             pair.certificate;
  }
  __builtin_unreachable();
}

Result<std::shared_ptr<const Certificate>, std::string> load(const Pair& pair,
                                                             const std::string& password) {
  auto certificate_pem = read_file(pair.certificate);
  if (!certificate_pem) return Failure{certificate_pem.error()};
  auto key_pem = read_file(pair.key);
  if (!key_pem) return Failure{key_pem.error()};
  auto certificate = parse_certificate(*certificate_pem, *key_pem, password);
  if (!certificate) return Failure{describe(certificate.error(), pair)};
  return std::make_shared<const Certificate>(std::move(*certificate));
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// The pair that an entry of the directory stands for: a key with its certificate beside it, or a
// folder as certbot has it in /etc/letsencrypt/live.
void add_pair_of(const fs::path& entry, std::vector<Pair>& pairs) {
  const fs::path folder_key = entry / "privkey.pem";
  const fs::path folder_certificate = entry / "fullchain.pem";
  if (is_file(folder_key) && is_file(folder_certificate)) {
    pairs.push_back({folder_certificate.string(), folder_key.string()});
  }
  if (entry.extension() != ".key" || !is_file(entry)) return;
  for (const char* extension : {".crt", ".pem"}) {
    fs::path certificate = entry;
    certificate.replace_extension(extension);
    if (!is_file(certificate)) continue;
    pairs.push_back({certificate.string(), entry.string()});
    return;
  }
}

Result<std::vector<Pair>, std::string> pairs_in(const std::string& directory) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    entries.push_back(entry->path());
  }
  if (error) return Failure{"cannot read the directory " + directory + ": " + error.message()};
  std::ranges::sort(entries);
  std::vector<Pair> pairs;
  for (const fs::path& entry : entries) add_pair_of(entry, pairs);
  return pairs;
}

// The pairs of the settings, the default one first.
Result<std::vector<Pair>, std::string> all_pairs(const TlsConfig& config) {
  std::vector<Pair> pairs;
  for (const auto& [certificate, key] : config.certificates) {
    pairs.push_back({certificate, key.empty() ? certificate : key});
  }
  if (config.directory.empty()) return pairs;
  auto found = pairs_in(config.directory);
  if (!found) return found;
  if (found->empty() && pairs.empty()) {
    return Failure{"the directory " + config.directory +
                   " has no certificate: NAME.crt and NAME.key, or NAME/fullchain.pem and "
                   "NAME/privkey.pem"};
  }
  std::ranges::move(*found, std::back_inserter(pairs));
  return pairs;
}

// `path` may be empty: no file.
void add_state_of(const std::string& path, std::string& fingerprint) {
  if (path.empty()) return;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) status = {};
  fingerprint += path;
  for (const auto number :
       {static_cast<long long>(status.st_dev), static_cast<long long>(status.st_ino),
        static_cast<long long>(status.st_size), static_cast<long long>(status.st_mtim.tv_sec),
        static_cast<long long>(status.st_mtim.tv_nsec)}) {
    fingerprint += ' ' + std::to_string(number);
  }
  fingerprint += '\n';
}

std::string state_of(const std::vector<std::string>& paths) {
  std::string fingerprint;
  for (const std::string& path : paths) add_state_of(path, fingerprint);
  return fingerprint;
}

}  // namespace

ServerFiles::ServerFiles(TlsConfig config, std::shared_ptr<TicketKeys> ticket_keys)
    : config_(std::move(config)), ticket_keys_(std::move(ticket_keys)) {}

Result<ServerFiles::Read, std::string> ServerFiles::read() {
  const auto pairs = all_pairs(config_);
  if (!pairs) return Failure{pairs.error()};
  const auto common = settings();
  if (!common) return Failure{common.error()};
  Read read;
  ByFile now_used;
  Certificates certificates;
  std::size_t faults = 0;
  for (const Pair& pair : *pairs) {
    auto loaded = load(pair, config_.key_password);
    const std::string fault = loaded ? fault_of(*loaded, *common) : loaded.error();
    std::shared_ptr<const Certificate> certificate;
    if (fault.empty()) {
      certificate = std::move(*loaded);
    } else {
      ++faults;
      if (used_.empty() || faults == pairs->size()) return Failure{fault};
      const auto old = used_.find(pair.certificate);
      if (old != used_.end()) certificate = old->second;
      read.warnings.push_back(
          fault + (certificate ? "; the old certificate stays" : "; this certificate is left out"));
    }
    if (!certificate) continue;
    if (has_expired(*certificate)) read.warnings.push_back(pair.certificate + " has expired");
    now_used.emplace(pair.certificate, certificate);
    certificates.add(std::move(certificate));
  }
  auto context = ServerContext::make(*common, std::move(certificates), ticket_keys_);
  if (!context) return Failure{context.error()};
  read.context = std::move(*context);
  used_ = std::move(now_used);
  return read;
}

Result<ContextSettings, std::string> ServerFiles::settings() const {
  ContextSettings settings;
  settings.min_version = config_.min_version;
  settings.ciphers = config_.ciphers;
  if (config_.http2) settings.protocols = {"h2", "http/1.1"};
  settings.client_certificates = config_.client_certificates;
  if (!config_.client_ca.empty()) {
    auto authorities = read_file(config_.client_ca);
    if (!authorities) return Failure{authorities.error()};
    settings.client_ca_pem = std::move(*authorities);
  }
  return settings;
}

// Empty: none.
std::string ServerFiles::fault_of(const std::shared_ptr<const Certificate>& certificate,
                                  const ContextSettings& settings) const {
  Certificates only;
  only.add(certificate);
  const auto context = ServerContext::make(settings, std::move(only), ticket_keys_);
  return context ? "" : context.error();
}

Result<std::shared_ptr<const ClientContext>, std::string> load_client_context(
    const TlsClientConfig& config) {
  ClientContextSettings settings;
  settings.verification = config.verification;
  if (!config.authorities.empty()) {
    auto authorities = read_file(config.authorities);
    if (!authorities) return Failure{authorities.error()};
    settings.authorities_pem = std::move(*authorities);
    if (settings.authorities_pem.empty()) {
      return Failure{config.authorities + " has no certificate (PEM)"};
    }
  }
  if (!config.certificate.empty()) {
    auto own = load({config.certificate, config.key.empty() ? config.certificate : config.key}, "");
    if (!own) return Failure{own.error()};
    settings.own = std::move(*own);
  }
  return ClientContext::make(settings);
}

Result<std::shared_ptr<const PeerContext>, std::string> load_peer_context(const PeerFiles& files) {
  auto own = load({files.certificate, files.key.empty() ? files.certificate : files.key}, "");
  if (!own) return Failure{own.error()};
  auto authorities = read_file(files.authorities);
  if (!authorities) return Failure{authorities.error()};
  return PeerContext::make(**own, *authorities);
}

std::string fingerprint_of(const TlsConfig& config) {
  std::string fingerprint;
  const auto pairs = all_pairs(config);
  if (pairs) {
    for (const Pair& pair : *pairs) {
      add_state_of(pair.certificate, fingerprint);
      add_state_of(pair.key, fingerprint);
    }
  }
  add_state_of(config.client_ca, fingerprint);
  return fingerprint;
}

std::string fingerprint_of(const TlsClientConfig& config) {
  return state_of({config.certificate, config.key, config.authorities});
}

std::string fingerprint_of(const PeerFiles& files) {
  return state_of({files.certificate, files.key, files.authorities});
}

}  // namespace sioserve::tls
