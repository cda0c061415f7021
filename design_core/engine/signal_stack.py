"""The stack on which signals are handled, kept as it was."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kept_signal_stack"]


class _Stack(ctypes.Structure):
    """``stack_t`` of Linux."""

    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Give this thread its alternate signal stack back afterwards.

    OpenVINO's processor plugin (2026.4) leaves one behind that Python's handlers cannot run on: the
    next Ctrl-C is a segmentation fault. Elsewhere than on Linux nothing is done.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "sigaltstack"):
        yield
        return
    before = _Stack()
    libc.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        libc.sigaltstack(ctypes.byref(before), None)
