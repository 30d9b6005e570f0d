// One access record as a JSON object on one line; docs/logging.md describes its keys.
#pragma once

#include "server/access_log/line.h"
#include "server/access_log/timestamp.h"
#include "server/base/access_record.h"

namespace sioserve::access_log {

// Without the line's end.
void append_json_line(const AccessRecord& record, const Timestamp& time, Line& out);

}  // namespace sioserve::access_log
