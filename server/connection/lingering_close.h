// The graceful close of a connection (RFC 9112 section 9.6): after our output the sending side is
// shut down, then input is dropped until the peer closes. If the socket were closed immediately,
// the kernel would drop output that the peer has not read yet as soon as more input arrives.
#pragma once

#include <cstddef>

#include "server/connection/connection.h"
#include "server/connection/protocol.h"

namespace sioserve::connection {

class LingeringClose final : public Protocol {
 public:
  // `endpoints`: of the last request.
  LingeringClose(Connection& connection, SharedEndpoints endpoints);

  void on_read(std::string_view bytes) override;
  void on_end() override {}
  void on_drain() override;
  void on_broken() override {}
  void begin_stop() override { set_deadline(); }
  void on_deadline() override;
  void advance() override;
  TimePoint deadline() const override { return deadline_; }

 private:
  void set_deadline();

  Connection& connection_;
  const SharedEndpoints endpoints_;
  std::size_t dropped_ = 0;
  TimePoint deadline_;
};

}  // namespace sioserve::connection
