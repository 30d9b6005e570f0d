// The module _sioserve; the executable registers it as a built-in module.
#pragma once

#include "asgi-bridge/python.h"

PyMODINIT_FUNC PyInit__sioserve();
