// What all scenarios share: connects the clients, lets the load warm up, counts for some seconds,
// and prints what it found as JSON. One thread, one epoll.
#pragma once

#include <functional>
#include <string>

#include "bench/socket_io_load/latencies.h"
#include "bench/socket_io_load/options.h"

namespace load {

class Runner {
 public:
  explicit Runner(Options options);
  virtual ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  virtual void run();

 protected:
  // Starts to connect the clients; called once, and the runner turns until all_connected().
  virtual void connect() = 0;
  virtual bool all_connected() const = 0;
  // Starts the load.
  virtual void begin() = 0;
  // The warm-up is over.
  virtual void on_counting() {}
  // The time is over.
  virtual void finish() {}
  // Further members of the JSON object, each with a comma before it.
  virtual std::string more() { return ""; }

  virtual void after_turn() {}
  // When after_turn() has to be called, even if nothing was received.
  virtual Clock::time_point next_turn() const { return Clock::time_point::max(); }

  // Returns whether done().
  bool turn_until(const std::function<bool()>& done, Clock::time_point end);
  void turn_for(double seconds);
  void connect_all();

  std::uint16_t next_port() { return options_.ports[turns_++ % options_.ports.size()]; }
  std::string payload() const { return '"' + std::string(options_.payload, 'x') + '"'; }

  const Options options_;
  const int epoll_;
  std::size_t count_ = 0;  // units of work

 private:
  std::size_t turns_ = 0;  // of the servers
};

Clock::duration seconds_of(double seconds);

}  // namespace load
