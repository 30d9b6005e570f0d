// How the two ends of an inner connection prove that they know the cluster's secret, without
// sending it: HMAC-SHA256 (RFC 2104) of the nonces of both.
#pragma once

#include <string>
#include <string_view>

namespace sioserve::forwarding {

// Which end proves it: the proof of one end is not that of the other.
enum class Role { caller, answerer };

// 32 random bytes.
std::string make_nonce();

std::string make_proof(std::string_view secret, Role prover, std::string_view caller_nonce,
                       std::string_view answerer_nonce);

// In constant time.
bool is_same_proof(std::string_view one, std::string_view other);

}  // namespace sioserve::forwarding
