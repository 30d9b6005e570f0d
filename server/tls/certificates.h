// The certificates of a server, found by the host name that a client asks for (SNI, RFC 6066).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/tls/certificate.h"

namespace sioserve::tls {

// Immutable once it is filled. Any thread.
class Certificates {
 public:
  using List = std::vector<const Certificate*>;

  // The first one is the default. Several with the same name are all offered if their keys are of
  // different kinds, so that a host can have one with an RSA key and one with an ECDSA key. Of
  // those with the same kind of key, the one that expires last is used.
  void add(std::shared_ptr<const Certificate> certificate);

  bool empty() const { return all_.empty(); }
  const std::vector<std::shared_ptr<const Certificate>>& all() const { return all_; }

  // Those for a host: with its name, with a wildcard for its first label, or the default ones.
  // `host` may be empty. Not empty unless there are no certificates.
  const List& find(std::string_view host) const;

 private:
  std::vector<std::shared_ptr<const Certificate>> all_;
  List default_;
  std::unordered_map<std::string, List> by_name_;
};

}  // namespace sioserve::tls
