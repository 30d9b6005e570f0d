#include "server/tls/system_trust.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace sioserve::tls {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t hash_size = 8;

// The environment is only read before threads of ours run.
std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

bool is_in(char c, std::string_view allowed) { return allowed.find(c) != std::string_view::npos; }

// As openssl-rehash(1) names them: "5ed36f99.0". Other files of the directory may have certificates
// that are not trusted.
bool is_hash_name(std::string_view name) {
  if (name.size() < hash_size + 2 || name[hash_size] != '.') return false;
  const auto hash = name.substr(0, hash_size);
  const auto number = name.substr(hash_size + 1);
  return std::ranges::all_of(hash, [](char c) { return is_in(c, "0123456789abcdef"); }) &&
         std::ranges::all_of(number, [](char c) { return is_in(c, "0123456789"); });
}

void trust_directory(X509_STORE& store, const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_hash_name(entry->path().filename().string())) {
      X509_STORE_load_file(&store, entry->path().c_str());
    }
  }
}

}  // namespace

void trust_system(X509_STORE& store) {
  const std::string file =
      from_environment(X509_get_default_cert_file_env(), X509_get_default_cert_file());
  X509_STORE_load_file(&store, file.c_str());
  const std::string directories =
      from_environment(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
  for (std::string_view rest = directories; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    trust_directory(store, std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  ERR_clear_error();
}

}  // namespace sioserve::tls
