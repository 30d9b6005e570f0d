// Numbers the values of a label in the order of their appearance, up to a limit: a client or an
// application must not be able to make time series without end.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sioserve::metrics {

class LabelTable {
 public:
  static constexpr std::string_view overflow = "other";

  // Number 0 is the empty value; number 1 is `overflow`, for values beyond `most`.
  explicit LabelTable(std::size_t most) : most_(most) {
    number_of("");
    number_of(overflow);
  }

  std::size_t number_of(std::string_view value) {
    if (value.empty() && !names_.empty()) return 0;
    const auto found = numbers_.find(value);
    if (found != numbers_.end()) return found->second;
    if (names_.size() >= most_ + 2) return 1;
    const std::size_t number = names_.size();
    numbers_.emplace(value, number);
    names_.emplace_back(value);
    return number;
  }

  std::string_view name_of(std::size_t number) const { return names_[number]; }
  std::size_t size() const { return names_.size(); }

 private:
  // Looks up a view without making a string.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view value) const {
      return std::hash<std::string_view>{}(value);
    }
  };

  const std::size_t most_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> numbers_;
  std::vector<std::string> names_;
};

}  // namespace sioserve::metrics
