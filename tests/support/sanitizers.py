"""Whether the server and the extension module run under a sanitizer, and what tests make of it."""

from __future__ import annotations

import os

import pytest

ADDRESS_SANITIZER = "ASAN_OPTIONS" in os.environ
THREAD_SANITIZER = "TSAN_OPTIONS" in os.environ
SANITIZER = ADDRESS_SANITIZER or THREAD_SANITIZER

# For tests in which a process with threads makes a child with fork() and the child has to end:
# GCC 12's AddressSanitizer does not release its allocator's locks in the child (2 of 300 children
# of a C++ program whose threads allocate hang), glibc does.
forks = pytest.mark.skipif(
    ADDRESS_SANITIZER, reason="AddressSanitizer's allocator can hang in a forked child"
)
