// The names of ClusterTopic in Python, in its order.
#pragma once

#include <array>

namespace sioserve::bridge {

inline constexpr std::array cluster_topics = {"fetch_sockets", "server_side_emit", "broadcast",
                                              "counters", "count"};

}  // namespace sioserve::bridge
