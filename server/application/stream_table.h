// Finds the stream of a command.
#pragma once

#include <unordered_map>
#include <utility>

#include "server/port/ids.h"

namespace sioserve::application {

// Streams add themselves in the constructor and remove themselves in the destructor.
template <typename Stream>
class StreamTable {
 public:
  void add(StreamId id, Stream& stream) { streams_.emplace(id, &stream); }
  void remove(StreamId id) { streams_.erase(id); }

  // Null if the stream no longer exists.
  Stream* find(StreamId id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
  }

  // `visit` must not add or remove streams.
  template <typename F>
  void for_each(F&& visit) const {
    for (const auto& [id, stream] : streams_) visit(*stream);
  }

 private:
  std::unordered_map<StreamId, Stream*> streams_;
};

}  // namespace sioserve::application
