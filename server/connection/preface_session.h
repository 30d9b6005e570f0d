// Tells HTTP/2 from HTTP/1 by the first bytes (RFC 9113 section 3.3: prior knowledge). No request
// of HTTP/1 begins like the preface of HTTP/2.
#pragma once

#include <string>
#include <string_view>

#include "server/connection/connection.h"
#include "server/connection/protocol.h"

namespace sioserve::connection {

class PrefaceSession final : public Protocol {
 public:
  PrefaceSession(Connection& connection, std::string input);

  void on_read(std::string_view bytes) override { input_ += bytes; }
  void on_end() override {}  // followed by advance()
  void on_drain() override {}
  void on_broken() override {}
  void begin_stop() override;
  void on_deadline() override;
  void advance() override;
  TimePoint deadline() const override { return deadline_; }

 private:
  Connection& connection_;
  std::string input_;
  TimePoint deadline_;
};

}  // namespace sioserve::connection
