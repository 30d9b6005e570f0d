#include "server/transport/vary.h"

#include <string>

namespace sioserve::transport {

void add_vary(Headers& answer, std::string_view name) {
  for (Header& header : answer) {
    if (header.name != "vary") continue;
    header.value += ", ";
    header.value += name;
    return;
  }
  answer.push_back({"vary", std::string(name)});
}

}  // namespace sioserve::transport
