"""OpenVINO's processor plugin, run so that numbers stay float32 and Ctrl-C is still heard."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["FLOAT32", "compiled_by_openvino"]

#: Without it, processors that have bfloat16 compute in that.
FLOAT32 = {"INFERENCE_PRECISION_HINT": "f32"}


def compiled_by_openvino(model: Any, settings: Mapping[str, Any] | None = None) -> Any:
    """A model compiled for the processor, in float32: called with arrays, it gives arrays.

    Parameters
    ----------
    model
        Of OpenVINO.
    settings
        OpenVINO's, beside `FLOAT32`.
    """
    ov = importlib.import_module("openvino")
    with _kept_signal_stack():
        return ov.compile_model(model, "CPU", {**FLOAT32, **(settings or {})})


class _Stack(ctypes.Structure):
    """``stack_t`` of Linux."""

    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def _kept_signal_stack() -> Iterator[None]:
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
