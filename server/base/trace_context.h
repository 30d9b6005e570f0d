// The trace to which a request belongs: W3C Trace Context, "traceparent"
// (https://www.w3.org/TR/trace-context/).
#pragma once

#include <optional>
#include <string_view>

#include "server/base/header_block.h"

namespace sioserve {

// Views of the header's value.
struct TraceContext {
  std::string_view trace_id;  // 32 hexadecimal digits, in lower case
  std::string_view span_id;   // 16; of the caller's span, the parent of this request
};

// Nullopt: there is none, or it is invalid. Of a later version than 00, the part that this one has
// is read, as the specification asks.
std::optional<TraceContext> trace_context_of(const HeaderBlock& headers);

}  // namespace sioserve
