// The descriptors with which the executable starts. The same for an interpreter that runs already
// is in python/sioserve/descriptors.py.
#pragma once

namespace sioserve::bridge {

// Opens /dev/null in place of those of 0, 1 and 2 that are closed, so that no file or socket gets
// their numbers. False when that fails.
bool open_standard_descriptors();

// Whether the interpreter and the server can open what they need; raises the soft limit if that
// helps.
bool has_enough_descriptors();

}  // namespace sioserve::bridge
