"""Feature maps to binarize: pre-activations x from a picture, on the scale of batch norm.

Pictures and random convolutions are standardized map by map, as a batch norm would do it. Layers of
trained networks come out of their batch norm already, see `design_core.lab.feature_maps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.arrays import as_array
from design_core.pictures import Picture

__all__ = [
    "MAX_MAPS",
    "SOURCES",
    "FeatureMaps",
    "check_count",
    "map_words",
    "picture_maps",
    "random_kernels",
    "source_title",
    "standardize",
]

#: More maps than this are neither looked at nor needed.
MAX_MAPS = 64

Maps = NDArray[np.float32]

_BLOCK = 2**23  # values that are worked on at a time


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """Pre-activations and what they are.

    Parameters
    ----------
    x
        float32, shape (C, H, W); mean 0 and variance 1 per map (0 throughout for a constant map).
        For a layer, what its activation receives.
    names
        One per map, for people.
    source
        The key of the source in `SOURCES`, or the layer's name.
    """

    x: Maps
    names: tuple[str, ...]
    source: str

    def only(self, index: int) -> FeatureMaps:
        """One map alone; slice ``index mod s`` of a kernel cuts it.

        Raises
        ------
        ValueError
            There is no such map.
        """
        if not 0 <= index < len(self.x):
            raise ValueError(f"There are maps 0 to {len(self.x) - 1}, not {index}.")
        return FeatureMaps(self.x[index : index + 1], (self.names[index],), self.source)


def standardize(maps: ArrayLike) -> Maps:
    """Mean 0 and variance 1 per map, as batch norm with γ = 1, β = 0 on a batch of this picture.

    A constant map becomes 0 throughout. Shape (..., H, W), float32.
    """
    maps = as_array(maps)
    made = np.empty(maps.shape, np.float32)
    height, width = maps.shape[-2:]
    given, flat = made.reshape(-1, height, width), maps.reshape(-1, height, width)
    # In float64, and so a few maps at a time.
    step = max(1, _BLOCK // (height * width))
    for at in range(0, len(flat), step):
        given[at : at + step] = _standardized(flat[at : at + step])
    return made


def _standardized(maps: NDArray[np.floating]) -> Maps:
    wide = maps.astype(np.float64)
    centred = wide - wide.mean(axis=(-2, -1), keepdims=True)
    deviation = centred.std(axis=(-2, -1), keepdims=True)
    # What is left of a constant map is rounding noise; it must not be blown up to variance 1.
    flat = deviation <= 1e-9 * (1 + np.abs(wide).max(axis=(-2, -1), keepdims=True))
    return np.where(flat, 0, centred / np.where(flat, 1, deviation)).astype(np.float32)


def random_kernels(n: int, seed: int) -> NDArray[np.int8]:
    """A bank of n random binary 3×3 convolutions on three channels: ±1, shape (n, 3, 3, 3).

    The first m kernels do not depend on n, so a larger bank continues a smaller one.
    """
    coins = np.random.default_rng(seed).integers(0, 2, size=(n, 3, 3, 3), dtype=np.int8)
    return (2 * coins - 1).astype(np.int8)


def _convolved(picture: Picture, kernels: NDArray[np.int8]) -> Maps:
    """Binary weights on the real-valued picture, as the first binary layer of a network sees it."""
    channels = np.pad(standardize(picture.rgb()), ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(channels, (3, 3), axis=(1, 2))
    height, width = windows.shape[1:3]
    # Correlation, as in every deep-learning convolution: the kernel is not turned over.
    weights = kernels.reshape(-1, 27).astype(np.float32)
    summed = np.empty((len(kernels), height, width), np.float32)
    step = max(1, _BLOCK // (27 * width))
    for at in range(0, height, step):
        rows = windows[:, at : at + step].transpose(0, 3, 4, 1, 2)
        part = weights @ np.ascontiguousarray(rows).reshape(27, -1)
        summed[:, at : at + step] = part.reshape(len(kernels), -1, width)
    return standardize(summed)


#: What a picture is turned into before it is cut; each entry: title and one-sentence help.
SOURCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "picture": ("Luminance", "The picture's own brightness, standardized."),
        "rgb": ("RGB channels", "Red, green and blue, each standardized."),
        "random-conv": (
            "Random binary convolutions",
            "3×3 convolutions with random ±1 weights, as an untrained binary layer computes them.",
        ),
    }
)


def source_title(source: str) -> str:
    """A source in a word or two: its title, or the layer's network and block."""
    return SOURCES[source][0] if source in SOURCES else source.replace(":", " ").strip()


def map_words(source: str, name: str) -> str:
    """What is cut, in words of a person: of a map by its source and name."""
    return {
        "picture": "its brightness",
        "rgb": f"one of its colours, {name}",
        "random-conv": f"{name}, with 3×3 weights of ±1 as an untrained binary layer has them",
    }.get(source, f"what a trained network's layer receives, {name}")


def picture_maps(picture: Picture, source: str, *, maps: int = 16, seed: int = 0) -> FeatureMaps:
    """Turn a picture into pre-activations.

    Parameters
    ----------
    source
        One of `SOURCES`. For layers of trained networks see `design_core.lab.feature_maps`.
    maps, seed
        How many random convolutions (1 to 64), and which; the other sources have their own count.

    Raises
    ------
    ValueError
        Unknown source, or a number of maps out of range.
    """
    check_count(maps)
    if source == "picture":
        return FeatureMaps(standardize(picture.luminance()[None]), ("luminance",), source)
    if source == "rgb":
        return FeatureMaps(standardize(picture.rgb()), ("red", "green", "blue"), source)
    if source == "random-conv":
        names = tuple(f"random convolution {index}" for index in range(maps))
        return FeatureMaps(_convolved(picture, random_kernels(maps, seed)), names, source)
    raise ValueError(
        f"Unknown source {source!r}; choose one of {', '.join(SOURCES)}, layer:MODEL:BLOCK."
    )


def check_count(maps: int) -> None:
    """ValueError unless there may be so many maps."""
    if not 1 <= maps <= MAX_MAPS:
        raise ValueError(f"A bank has 1 to {MAX_MAPS} maps; got {maps}.")
