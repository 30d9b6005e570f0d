// JSONP polling, for browsers that can only load scripts and send forms. A request body is a form
// whose field "d" contains the body of either protocol; a response body is a script that calls
// ___eio[<number>] with the body as a string. Binary messages are base64. WebSockets of such a
// session are as usual.
#pragma once

#include <memory>
#include <string_view>

#include "socketio/engine/framing.h"

namespace sioserve::engine {

// `inner` writes only text bodies, and outlives the result. `callback` comes from the client; only
// its digits are used.
std::unique_ptr<const Framing> make_jsonp_framing(const Framing& inner, std::string_view callback);

}  // namespace sioserve::engine
