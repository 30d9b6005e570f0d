// The standard descriptors of the executable. python/sioserve/descriptors.py does the same in an
// interpreter that already runs.
#pragma once

namespace sioserve::bridge {

// Opens /dev/null for closed descriptors among 0, 1 and 2, so that no file or socket gets their
// numbers. False on failure.
bool open_standard_descriptors();

// Whether the interpreter and the server can open as many descriptors as they need; raises the soft
// limit if necessary.
bool has_enough_descriptors();

}  // namespace sioserve::bridge
