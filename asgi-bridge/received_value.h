// What clients have sent as Python objects.
#pragma once

#include "asgi-bridge/key_cache.h"
#include "asgi-bridge/python.h"
#include "server/port/event_args.h"

namespace sioserve::bridge {

// As json.loads() reads it, with bytes in place of attachments and of MessagePack's bytes; of
// members with one name the last one counts. Null with an exception set when memory runs out;
// ValueError for a payload that is not valid, which the I/O side does not let through.
PyRef to_python(const Gil& gil, const ReceivedValue& value, KeyCache& keys);

}  // namespace sioserve::bridge
