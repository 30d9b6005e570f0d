#pragma once

#include "server/base/file_descriptor.h"

namespace sioserve::net {

using sioserve::FileDescriptor;

}  // namespace sioserve::net
