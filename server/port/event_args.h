// The arguments of Socket.IO events as they cross the port.
#pragma once

#include <string>
#include <vector>

namespace sioserve {

// The arguments of an event or acknowledgement, encoded once: a JSON array with
// {"_placeholder":true,"num":n} for each attachment, and the attachments in that order.
struct EncodedArgs {
  std::string json;
  std::vector<std::string> attachments;
};

enum class PayloadFormat { json, msgpack };

// A value that a client has sent: the text that was received and validated. The Python thread
// builds objects from it. In JSON, attachments have placeholders as in EncodedArgs, in any order;
// without attachments, nothing is a placeholder. MessagePack contains the bytes themselves.
struct ReceivedValue {
  PayloadFormat format = PayloadFormat::json;
  std::string payload;
  std::vector<std::string> attachments = {};
};

}  // namespace sioserve
