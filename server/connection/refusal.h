// The line in the log when the server itself refuses a request or cuts its response.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/http_values.h"
#include "server/base/logger.h"

namespace sioserve::connection {

// `head`: what is known of it. No status: the response had begun and is cut.
void log_refusal(const Logger& logger, const Address& client, const RequestHead& head,
                 std::optional<std::uint16_t> status, std::string_view reason);

}  // namespace sioserve::connection
