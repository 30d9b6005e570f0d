#include "socketio/cluster/formats.h"

#include "socketio/cluster/python_socketio_codec.h"
#include "socketio/cluster/redis_adapter_codec.h"
#include "socketio/cluster/sharded_adapter_codec.h"

namespace sioserve::socketio::cluster {

std::string prefix_of(const RedisConfig& config) {
  if (!config.prefix.empty()) return config.prefix;
  switch (config.format) {
    case RedisConfig::Format::redis_adapter:
      return "socket.io";
    case RedisConfig::Format::python_socketio:
      return "socketio";
  }
  __builtin_unreachable();
}

std::unique_ptr<const Format> make_format(const RedisConfig& config) {
  std::string prefix = prefix_of(config);
  switch (config.format) {
    case RedisConfig::Format::redis_adapter:
      if (config.sharded) return std::make_unique<ShardedAdapterCodec>(std::move(prefix));
      return std::make_unique<RedisAdapterCodec>(std::move(prefix));
    case RedisConfig::Format::python_socketio:
      return std::make_unique<PythonSocketIoCodec>(std::move(prefix));
  }
  __builtin_unreachable();
}

}  // namespace sioserve::socketio::cluster
