// The wait for a proxy's header at the start of a connection; TLS or HTTP follows.
#pragma once

#include <string>
#include <string_view>

#include "server/connection/connection.h"
#include "server/connection/protocol.h"

namespace sioserve::connection {

class ProxySession final : public Protocol {
 public:
  explicit ProxySession(Connection& connection);

  void on_read(std::string_view bytes) override;
  void on_end() override { connection_.close(); }
  void on_drain() override {}
  void on_broken() override {}
  void begin_stop() override { connection_.close(); }
  void on_deadline() override;
  void advance() override {}
  TimePoint deadline() const override { return deadline_; }

 private:
  void refuse(std::string_view reason);

  Connection& connection_;
  std::string input_;
  TimePoint deadline_ = TimePoint::max();
};

}  // namespace sioserve::connection
