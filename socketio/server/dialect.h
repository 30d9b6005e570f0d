// The differences between Socket.IO's protocol 4, which is used with Engine.IO 3, and protocol 5: a
// client is in "/" without a CONNECT; it joins other namespaces with a query instead of a payload;
// the answer to CONNECT has no payload; an error is only the data or the message of the refusal.
// Socket ids are derived from the sid, because clients know no other id.
#pragma once

#include <string>
#include <string_view>

#include "server/port/event_args.h"
#include "socketio/engine/session.h"

namespace sioserve::socketio {

bool joins_default_namespace(engine::Protocol protocol);
std::string make_socket_id(const engine::Session& session, std::string_view name_space);
// The auth for connect(): the payload of CONNECT, or the parameters of the query. A parameter that
// occurs several times is an array, as in Node.
ReceivedValue connect_auth(engine::Protocol protocol, ReceivedValue payload,
                           std::string_view query);
// `pid`: empty if there is none.
std::string connect_payload(engine::Protocol protocol, std::string_view id, std::string_view pid);
// `refusal` is {"message": ..., "data": ...}; data is optional.
std::string refusal_payload(engine::Protocol protocol, std::string refusal);

}  // namespace sioserve::socketio
