// The arguments of Socket.IO events as they cross the port.
#pragma once

#include <string>
#include <vector>

namespace sioserve {

// The arguments of an event or ack, encoded once: a JSON array in which every attachment stands as
// {"_placeholder":true,"num":n}, and the attachments in that order.
struct EncodedArgs {
  std::string json;
  std::vector<std::string> attachments;
};

}  // namespace sioserve
