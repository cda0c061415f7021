"""The routines of packed networks: compiled by numba, or in NumPy where that is missing."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from design_core.engine.bits import Words

__all__ = ["BACKENDS", "Backend", "load_backend"]

Array = NDArray[Any]
Floats = NDArray[np.float32]
Sums = NDArray[np.int32]

#: Modules by name; the first that can be imported is the default.
BACKENDS = {"numba": "design_core.engine.compiled", "numpy": "design_core.engine.reference"}


class Backend(Protocol):
    """What a backend module has; `design_core.engine.reference` says what each routine does."""

    __name__: str

    def pad(self, x: Array, margin: int, fill: Array, replicate: bool, /) -> Array: ...

    def bit_sums(
        self, x: Words, weights: Words, taps: Sums, size: int, stride: int, fan_in: int, /
    ) -> Sums: ...

    def bit_block(
        self,
        x: Words,
        weights: Words,
        taps: Sums,
        size: int,
        stride: int,
        fan_in: int,
        pool: bool,
        cuts: Sums,
        flips: Words,
        /,
    ) -> Words: ...

    def real_sums(self, x: Floats, weights: Floats, size: int, stride: int, /) -> Floats: ...

    def real_block(
        self,
        x: Floats,
        weights: Floats,
        size: int,
        stride: int,
        pool: bool,
        cuts: Floats,
        flips: Words,
        /,
    ) -> Words: ...

    def cut(self, x: Array, cuts: Array, flips: Words, /) -> Words: ...

    def scale_shift(
        self, x: Array, scale: Floats, slope: Floats, offset: Floats, shortcut: Floats, /
    ) -> Floats: ...

    def dense(self, x: Words, weights: Floats, /) -> Floats: ...


def load_backend(name: str | None = None) -> Backend:
    """The backend of that name; of None, numba's where numba is installed, else NumPy's.

    Raises
    ------
    ValueError
        Unknown backend.
    ImportError
        numba is asked for by name and is not there.
    """
    if name is not None and name not in BACKENDS:
        raise ValueError(f"Unknown backend {name!r}; choose one of {', '.join(BACKENDS)}.")
    if name is None:
        try:
            return cast(Backend, importlib.import_module(BACKENDS["numba"]))
        except ImportError:
            name = "numpy"
    return cast(Backend, importlib.import_module(BACKENDS[name]))
