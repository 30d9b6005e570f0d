#include "asgi-bridge/key_cache.h"

#include <cstdint>
#include <cstring>

namespace sioserve::bridge {
namespace {

// The slot for a name. If many names have the same slot, the cache is useless but not slow.
std::size_t place_of(std::string_view name) {
  std::uint64_t hash = name.size();
  for (const char c : name) hash = hash * 31 + static_cast<unsigned char>(c);
  return static_cast<std::size_t>(hash ^ (hash >> 7));
}

bool is(PyObject* string, std::string_view name) {
  return PyUnicode_GET_LENGTH(string) == static_cast<Py_ssize_t>(name.size()) &&
         std::memcmp(PyUnicode_DATA(string), name.data(), name.size()) == 0;
}

}  // namespace

PyRef KeyCache::get(const Gil&, std::string_view name) {
  const auto make = [&] {
    return PyRef::steal(
        PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), nullptr));
  };
  if (name.size() > longest) return make();
  PyRef& cached = strings_[place_of(name) % size];
  if (cached && is(cached.get(), name)) return cached;
  PyRef made = make();
  if (made && PyUnicode_IS_ASCII(made.get())) cached = made;
  return made;
}

}  // namespace sioserve::bridge
