// Publish and subscribe between servers, as the cluster needs it; Redis provides it. Channel names
// and payloads are any bytes. Lives on the I/O thread; no call waits.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sioserve::socketio::cluster {

class BusObserver {
 public:
  virtual ~BusObserver() = default;

  // From a subscribed channel, in the order of publication; also what this server has published.
  virtual void message_received(std::string_view channel, std::string_view payload) = 0;
  // Connected, and all subscriptions are in force: at the start and after each interruption.
  virtual void bus_connected() = 0;
  // Messages of others may be missed from now on.
  virtual void bus_interrupted() = 0;
};

class Bus {
 public:
  virtual ~Bus() = default;

  // Calls for the same channel are counted: the last unsubscribe() ends the subscription.
  virtual void subscribe(const std::string& channel) = 0;
  virtual void unsubscribe(const std::string& channel) = 0;

  // What happens while the bus is interrupted is the bus's configuration: the message is dropped,
  // or it waits within a bound. `dropped`: it will not be sent.
  enum class Published { sent, queued, dropped };
  virtual Published publish(const std::string& channel, std::string payload) = 0;
  // For a message that must not arrive late: what can't be sent now is dropped, never queued.
  virtual Published publish_now(const std::string& channel, std::string payload) = 0;

  // The number of servers that are subscribed to the channel, this one included; nullopt if the
  // answer is lost with the connection. Not called before count_subscribers() has returned.
  using Count = std::function<void(std::optional<std::size_t> subscribers)>;
  virtual void count_subscribers(const std::string& channel, Count answer) = 0;
};

}  // namespace sioserve::socketio::cluster
