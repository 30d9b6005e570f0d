// Objects that all connections of one I/O thread share.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include "server/base/access_record.h"
#include "server/base/background.h"
#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/logger.h"
#include "server/base/request_id.h"
#include "server/connection/handshake_queue.h"
#include "server/connection/http2_reports.h"
#include "server/connection/load.h"
#include "server/connection/opening_reports.h"
#include "server/connection/refusal_reports.h"
#include "server/connection/stream_handlers.h"
#include "server/http/server_headers.h"
#include "server/net/deferred_queue.h"
#include "server/tls/server_context.h"
#include "server/tls/stream.h"
#include "server/ws/message_reader.h"

namespace sioserve::connection {

enum class Phase { serving, stopping };

struct Timeouts {
  Milliseconds late_head{1'000};     // for the rest of a partly received head when the server stops
  Milliseconds drain{30'000};        // for the rest of a request that has been answered
  Milliseconds linger{2'000};        // for the peer to close after us
  Milliseconds linger_at_stop{500};  // the same, while the server stops
  Milliseconds stalled{30'000};      // without progress, for a closing connection's output
  Milliseconds websocket_close{5'000};  // for the peer to answer a close frame
};

// Outlives every connection.
struct Context {
  net::DeferredQueue& deferred_queue;
  Router& router;
  const Config& config;
  const Logger& logger;
  std::function<TimePoint()> now;
  Timeouts timeouts{};
  Phase phase = Phase::serving;
  Load load{config, logger};
  Http2Reports http2_reports{logger};
  OpeningReports opening_reports{logger};
  RefusalReports refusal_reports{logger};
  http::ServerHeadersCache server_headers_cache{config.http};
  AccessLog* access_log = nullptr;  // null: none
  Counters* counters = nullptr;     // null: nothing is counted
  RequestIds request_ids{0};
  ws::ParserPool websocket_parsers{};
  std::string scratch{};  // buffer for building output, empty between uses

  // For files that the kernel cannot send by itself.
  Background run_in_background{};

  // For TLS:
  std::shared_ptr<const tls::ServerContext> tls{};  // of new sessions; null: there is no TLS
  HandshakeQueue handshakes{deferred_queue, config.tls.max_handshakes};
  tls::StreamEnvironment tls_streams{deferred_queue, run_in_background};

  void count(Counter counter, std::uint64_t amount = 1) {
    if (counters != nullptr) counters->add(counter, amount);
  }
  // Of something that was counted and has ended.
  void uncount(Counter counter) {
    if (counters != nullptr) counters->subtract(counter);
  }

  // Valid until the next call.
  http::ServerHeaders server_headers() { return server_headers_cache.at(std::time(nullptr)); }
};

}  // namespace sioserve::connection
