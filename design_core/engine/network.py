"""A packed network: bits in, bits through, class scores out. NumPy, and numba where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.engine.backend import BACKENDS, load_backend
from design_core.engine.layers import Layer, Maps
from design_core.engine.reach import LARGEST_PICTURE, prove_finite
from design_core.pictures.form import PictureForm

__all__ = ["CHUNK", "PackedNetwork", "in_chunks", "layer_bytes"]

#: Pictures that a thread takes at a time: few enough that others get their turn, and Ctrl-C.
CHUNK = 64

#: Sizes of pictures that a network keeps a program for.
_MAX_PROGRAMS = 4

Run = Callable[[NDArray[Any]], NDArray[Any]]


def in_chunks(function: Run, batch: NDArray[Any], step: int, threads: int) -> NDArray[Any]:
    """Apply a function to `step` items of a batch at a time, by so many threads; join the results.

    The threads are of this call alone: a pool that outlives it would not survive a fork.
    """
    if len(batch) <= step:
        return function(batch)
    chunks = [batch[start : start + step] for start in range(0, len(batch), step)]
    if threads == 1:
        return np.concatenate([function(chunk) for chunk in chunks])
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(function, chunks)))


def layer_bytes(layer: Any) -> int:
    """Bytes of a layer's arrays in memory."""
    values = [getattr(layer, field.name) for field in fields(layer)]
    arrays = sum(value.nbytes for value in values if isinstance(value, np.ndarray))
    return arrays + sum(layer_bytes(value) for value in values if is_dataclass(value))


class PackedNetwork:
    """A trained network whose binary layers run on bits.

    Made by `design_core.engine.pack` or `load_packed`. Holds no state between calls: any number
    of threads may call it at once.

    Parameters
    ----------
    layers
        In the order of computation, from real maps to real maps of one pixel, the class scores.
    per_pixel
        Whether every pixel has scores of its own: the last maps are as large as the picture.
    input_shape
        (C, H, W) of the pictures.
    pictures
        How pictures are normalized, and the names of the classes; None where nobody said.
    backend
        See `load_backend`.

    Raises
    ------
    ValueError
        Pictures of another shape than `input_shape`, or other classes than there are scores;
        layers that do not fit each other or the pictures, or numbers so large that sums overflow.

    Examples
    --------
    >>> import torch
    >>> from design_core.engine import pack
    >>> from design_core.networks import build_network
    >>> packed = pack(build_network("tiny"))
    >>> packed(np.zeros((5, 1, 8, 8), np.float32)).shape
    (5, 10)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: tuple[int, int, int],
        *,
        pictures: PictureForm | None = None,
        backend: str | None = None,
        per_pixel: bool = False,
    ) -> None:
        self.layers = tuple(layers)
        self.input_shape = input_shape
        self.per_pixel = per_pixel
        self.pictures = pictures
        self.routines = load_backend(backend)
        self.classes = self._output(input_shape).channels
        if pictures is not None:
            self._require(pictures)
        prove_finite(self.layers)
        self._programs: dict[tuple[int, ...], Run] = {}

    def _require(self, pictures: PictureForm) -> None:
        given = pictures.shape, len(pictures.class_names)
        if given != (self.input_shape, self.classes):
            raise ValueError(
                f"The network takes pictures {self.input_shape} and tells {self.classes} classes "
                f"apart; `pictures` has {given[0]} and {given[1]}."
            )

    @property
    def backend(self) -> str:
        """Name of the backend in use."""
        return next(name for name, module in BACKENDS.items() if module == self.routines.__name__)

    def __call__(self, x: ArrayLike, *, threads: int = 1) -> NDArray[np.float32]:
        """Class scores of normalized pictures (N, C, H, W): (N, classes), or (N, classes, H, W).

        Parameters
        ----------
        threads
            How many share the batch, picture by picture.

        Raises
        ------
        ValueError
            Pictures of another shape than the network takes, or of values that are NaN or beyond
            ±`LARGEST_PICTURE`.
        """
        pictures = self._batch(x)
        if len(pictures) == 0:
            size = pictures.shape[2:] if self.per_pixel else ()
            return np.empty((0, self.classes, *size), np.float32)
        run = self._programs.get(pictures.shape[1:]) or self._program(pictures.shape[1:])
        step = min(CHUNK, -(-len(pictures) // threads))
        scores = in_chunks(run, pictures, step, threads)
        return scores.transpose(0, 3, 1, 2) if self.per_pixel else scores[:, 0, 0]

    @property
    def nbytes(self) -> int:
        """Bytes of all weights, thresholds and scales in memory."""
        return sum(layer_bytes(layer) for layer in self.layers)

    def maps(self, x: ArrayLike) -> list[NDArray[Any]]:
        """What every layer gives for a batch (N, C, H, W), in order; bits are packed."""
        current: NDArray[Any] = self._batch(x)
        given: list[NDArray[Any]] = []
        maps = Maps("real", *current.shape[1:])
        self._output(current.shape[1:])  # which proves that they fit
        for layer in self.layers:
            current = self.routines.program([layer], maps, planar=not given)(current)
            maps = layer.gives(maps)
            given.append(current)
        return given

    def warm_up(self) -> None:
        """Compile the routines now, or read them from the cache, rather than at the first call."""
        self(np.zeros((1, *self.input_shape), np.float32))

    @staticmethod
    def _batch(x: ArrayLike) -> NDArray[np.float32]:
        pictures = np.asarray(x, dtype=np.float32)
        if pictures.ndim != 4:
            raise ValueError(f"Pictures come as a batch (N, C, H, W); got {pictures.ndim} axes.")
        # NaN fails the comparison too.
        if (
            pictures.size
            and not -LARGEST_PICTURE <= pictures.min() <= pictures.max() <= LARGEST_PICTURE
        ):
            raise ValueError(
                f"Pictures hold NaN, or values beyond ±{LARGEST_PICTURE:,.0f}; normalize them."
            )
        return pictures

    def _program(self, shape: tuple[int, ...]) -> Run:
        """The program for pictures (C, H, W); ValueError if they do not fit."""
        self._output(shape)
        if len(self._programs) >= _MAX_PROGRAMS:
            self._programs = {}
        made = self.routines.program(self.layers, Maps("real", *shape), planar=True)
        self._programs[shape] = made
        return made

    def _output(self, shape: tuple[int, ...]) -> Maps:
        maps = Maps("real", *shape)
        for layer in self.layers:
            maps = layer.gives(maps)
        height, width = shape[1:] if self.per_pixel else (1, 1)
        if (maps.kind, maps.height, maps.width) != ("real", height, width):
            wanted = f" of all {height}×{width} pixels" if self.per_pixel else ""
            raise ValueError(
                f"The last layer gives {maps.kind} of {maps.height}×{maps.width} pixels, "
                f"not class scores{wanted}."
            )
        return maps
