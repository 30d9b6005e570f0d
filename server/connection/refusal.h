// Log lines: for a request that the server refuses or whose response it cuts, and how they name
// clients.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/http_values.h"
#include "server/base/logger.h"

namespace sioserve::connection {

// Its address and port.
std::string shown(const Address& client);

// `head`: the known parts of the request. No status: the response had started and is cut.
void log_refusal(const Logger& logger, const Address& client, const RequestHead& head,
                 std::optional<std::uint16_t> status, std::string_view reason);

}  // namespace sioserve::connection
