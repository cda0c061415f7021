"""What runs packed layers: compiled by numba, or in NumPy where that is missing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from design_core.engine.layers import Layer, Maps

__all__ = ["BACKENDS", "Backend", "load_backend"]

#: Modules by name; the first that can be imported is the default.
BACKENDS = {"numba": "design_core.engine.compiled", "numpy": "design_core.engine.reference"}


class Backend(Protocol):
    """What a backend module has; `design_core.engine.reference` says what each layer computes."""

    __name__: str

    def program(
        self, layers: Sequence[Layer], maps: Maps, *, planar: bool = False
    ) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """The layers as one function of a batch.

        Parameters
        ----------
        layers
            At least one; they fit each other and the maps, which is not checked again.
        maps
            What they are given. Real maps and sums come as (N, H, W, C), float32 or int32, bits as
            words, uint32 (N, H, W, ⌈C/32⌉). What the function returns has the same forms.
        planar
            Real maps come as pictures instead, (N, C, H, W).
        """


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
