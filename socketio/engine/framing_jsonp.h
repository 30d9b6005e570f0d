// JSONP polling: for browsers that may only load scripts and send forms. Bodies of either protocol
// in another wrapping: one that is received is a form whose field "d" holds the body, one that is
// sent is a script that calls ___eio[<number>] with the body as a string. Binary messages are
// base64 there. WebSockets of the session are as ever.
#pragma once

#include <memory>
#include <string_view>

#include "socketio/engine/framing.h"

namespace sioserve::engine {

// `inner` writes text bodies only, and outlives the result. Of `callback`, which the client chose,
// only the digits are used.
std::unique_ptr<const Framing> make_jsonp_framing(const Framing& inner, std::string_view callback);

}  // namespace sioserve::engine
