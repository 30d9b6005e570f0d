// Converts received values to Python objects.
#pragma once

#include "asgi-bridge/key_cache.h"
#include "asgi-bridge/python.h"
#include "server/port/event_args.h"

namespace sioserve::bridge {

// Like json.loads(), with bytes for attachments and for MessagePack's binary values; if a name
// occurs twice, the last member is used. Null with an exception set if memory runs out; ValueError
// for an invalid payload, which the I/O thread never accepts.
PyRef to_python(const Gil& gil, const ReceivedValue& value, KeyCache& keys);

}  // namespace sioserve::bridge
