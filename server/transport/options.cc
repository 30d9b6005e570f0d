#include "server/transport/options.h"

#include "server/transport/cors.h"
#include "server/transport/session_cookie.h"

namespace sioserve::transport {

std::optional<std::string> fault_of(const EngineIoConfig& config) {
  if (config.transports.empty()) return "transports: must name polling, websocket or both";
  for (const std::string& transport : config.transports) {
    if (transport == "polling" || transport == "websocket") continue;
    return "transports: \"" + transport + "\" is neither polling nor websocket";
  }
  if (auto fault = Cors::fault_of(config.cors)) return fault;
  return fault_of_cookie(config);
}

}  // namespace sioserve::transport
