// Where Socket.IO's protocol 4, spoken over Engine.IO 3, differs from protocol 5: a client is in
// "/" without asking, asks for other namespaces with a query in place of a payload, the answer to
// CONNECT has no payload, and an error is the refusal's data or message alone. Socket ids derive
// from the sid there, as clients know no others.
#pragma once

#include <string>
#include <string_view>

#include "server/port/event_args.h"
#include "socketio/engine/session.h"

namespace sioserve::socketio {

bool joins_default_namespace(engine::Protocol protocol);
std::string make_socket_id(const engine::Session& session, std::string_view name_space);
// What `connect` is given as auth: the payload of CONNECT, or what the query says. A parameter that
// is given several times is an array, as in Node.
ReceivedValue connect_auth(engine::Protocol protocol, ReceivedValue payload,
                           std::string_view query);
// `pid`: empty where there is none.
std::string connect_payload(engine::Protocol protocol, std::string_view id, std::string_view pid);
// `refusal` is {"message": ..., "data": ...}, the latter perhaps.
std::string refusal_payload(engine::Protocol protocol, std::string refusal);

}  // namespace sioserve::socketio
