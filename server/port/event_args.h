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

enum class PayloadFormat { json, msgpack };

// A value that a client has sent: the text that was read and found valid, of which Python's side
// makes objects. In JSON, attachments stand as in EncodedArgs, in any order; where there are none,
// nothing is a placeholder. In MessagePack bytes stand in their places.
struct ReceivedValue {
  PayloadFormat format = PayloadFormat::json;
  std::string payload;
  std::vector<std::string> attachments = {};
};

}  // namespace sioserve
