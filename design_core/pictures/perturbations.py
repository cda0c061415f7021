"""Perturbations of what a network sees: noise, blur, light, JPEG, large pixels, shifts.

They act on the uint8 pixels that go into the network, cropped and reduced already. A strength then
means the same for every picture: a shift by one pixel is one pixel of the input, and noise is not
averaged away by the reduction that follows. Results are rounded and clipped to 0 … 255 again, as a
camera or a file would do it.

Everything is deterministic: noise is one fixed pattern per seed, multiplied by its strength, so
that along a range of strengths only the strength changes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PERTURBATIONS", "Perturbation", "Pixels", "pixel_psnr"]

Pixels: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class Perturbation:
    """One way to disturb a picture, with the range of its strength.

    Parameters
    ----------
    name, title, unit
        Key in `PERTURBATIONS`, name and unit of the strength for people.
    strengths
        All strengths that are offered, ascending.
    mildest
        The strength that changes least: nothing at all, but for JPEG.
    start
        A strength to begin with: it shows on most pictures.
    meaning
        One sentence for people.

    Examples
    --------
    >>> pixels = np.array([[[10], [20], [30]]], np.uint8)
    >>> PERTURBATIONS["shift-right"](pixels, 1).ravel().tolist()
    [10, 10, 20]
    """

    name: str
    title: str
    unit: str
    strengths: tuple[float, ...]
    mildest: float
    start: float
    meaning: str
    _apply: Callable[[Pixels, float, int], NDArray[Any]] = field(repr=False, compare=False)

    def __call__(self, pixels: Pixels, strength: float, *, seed: int = 0) -> Pixels:
        """The perturbed pixels.

        Parameters
        ----------
        pixels
            uint8, shape (H, W, C) with one channel or three.
        strength
            Between the first and the last of `strengths`.
        seed
            Of the noise; no other perturbation draws anything.

        Raises
        ------
        ValueError
            Pixels of another shape or type, a strength out of range.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
            raise ValueError(
                f"A network's input is uint8 of shape (H, W, 1) or (H, W, 3); got {pixels.dtype} "
                f"of shape {pixels.shape}."
            )
        low, high = self.strengths[0], self.strengths[-1]
        if not low <= strength <= high:
            raise ValueError(
                f"{self.title} goes from {low:g} to {high:g} {self.unit}; got {strength:g}."
            )
        changed = self._apply(pixels, strength, seed)
        result: Pixels = np.rint(changed).clip(0, 255).astype(np.uint8)
        return result

    def told(self, strength: float) -> str:
        """A strength with its unit, for people: ``16 grey values``, ``quality 30``."""
        number = f"{strength:g}".replace("-", "−")
        return f"{self.unit} {number}" if self.unit == "quality" else f"{number} {self.unit}"

    def reach(self, low: float, high: float) -> str:
        """A range about the mildest strength, for people: ``up to 16 grey values``."""
        if self.mildest == self.strengths[0]:
            return f"up to {self.told(high)}"
        if self.mildest == self.strengths[-1]:
            return f"down to {self.told(low)}"
        return f"from {low:g} to {self.told(high)}".replace("-", "−")


def pixel_psnr(pixels: Pixels, perturbed: Pixels) -> float:
    """Peak signal-to-noise ratio in dB, ``10 log10(255² / MSE)``; infinite for equal pixels.

    The peak is that of 8 bits, as is usual for pictures. `design_core.scores.psnr` takes the range
    of its map instead, since pre-activations have no peak of their own.
    """
    error = float(np.mean((pixels.astype(np.float64) - perturbed) ** 2))
    return 10 * math.log10(255**2 / error) if error else math.inf


def _noise(pixels: Pixels, deviation: float, seed: int) -> NDArray[Any]:
    return pixels + deviation * np.random.default_rng(seed).standard_normal(pixels.shape)


def _blur(pixels: Pixels, deviation: float, _seed: int) -> NDArray[Any]:
    from scipy.ndimage import gaussian_filter

    blurred: NDArray[Any] = gaussian_filter(
        pixels.astype(np.float64), (deviation, deviation, 0), mode="nearest"
    )
    return blurred


def _brightness(pixels: Pixels, added: float, _seed: int) -> NDArray[Any]:
    return pixels + np.float64(added)


def _contrast(pixels: Pixels, factor: float, _seed: int) -> NDArray[Any]:
    mean = pixels.mean(dtype=np.float64)
    contrasted: NDArray[Any] = mean + factor * (pixels - mean)
    return contrasted


def _jpeg(pixels: Pixels, quality: float, _seed: int) -> NDArray[Any]:
    grey = pixels.shape[2] == 1
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if grey else pixels).save(file, "JPEG", quality=round(quality))
    with Image.open(file, formats=("JPEG",)) as image:
        return np.asarray(image).reshape(pixels.shape)


def _pixelate(pixels: Pixels, side: float, _seed: int) -> NDArray[Any]:
    size = round(side)
    means = pixels.astype(np.float64)
    for axis in (0, 1):
        starts = np.arange(0, pixels.shape[axis], size)
        counts = np.diff([*starts, pixels.shape[axis]])
        sums = np.add.reduceat(means, starts, axis)
        shape = [-1 if k == axis else 1 for k in range(3)]
        means = np.repeat(sums / counts.reshape(shape), counts, axis)
    return means


def _shifted(pixels: Pixels, rows: int, columns: int) -> NDArray[Any]:
    """Down and to the right, the edge repeated.

    A cyclic shift would bring the opposite edge in, next to pixels that it never met.
    """
    height, width = pixels.shape[:2]
    i = (np.arange(height) - rows).clip(0, height - 1)
    j = (np.arange(width) - columns).clip(0, width - 1)
    moved: Pixels = pixels[i][:, j]
    return moved


def _range(low: int, high: int, step: float) -> tuple[float, ...]:
    return tuple(round(low + step * k, 6) for k in range(round((high - low) / step) + 1))


_ALL = (
    Perturbation(
        "noise", "Noise", "grey values", _range(0, 64, 4), 0, 16,
        "Normal noise on every pixel and channel; the strength is its standard deviation. One "
        "fixed pattern per seed, made stronger.",
        _noise,
    ),
    Perturbation(
        "blur", "Blur", "px", _range(0, 3, 0.2), 0, 1,
        "A normal blur; the strength is its standard deviation. Beyond the edge the picture goes "
        "on as it ends.",
        _blur,
    ),
    Perturbation(
        "brightness", "Brightness", "grey values", _range(-128, 128, 16), 0, 48,
        "Added to every value; what leaves 0 … 255 is cut off.",
        _brightness,
    ),
    Perturbation(
        "contrast", "Contrast", "×", _range(0, 2, 0.125), 1, 0.5,
        "Each value's distance from the picture's mean, multiplied; 0 leaves an even grey.",
        _contrast,
    ),
    Perturbation(
        "jpeg", "JPEG", "quality", _range(5, 100, 5), 100, 30,
        "Saved as JPEG of this quality and read again, colour at half resolution as most files "
        "have it; 100 is the best.",
        _jpeg,
    ),
    Perturbation(
        "pixelate", "Pixelate", "px", (1, 2, 3, 4, 6, 8), 1, 2,
        "Squares of so many pixels a side, each at its mean; cut off at the right and below.",
        _pixelate,
    ),
    Perturbation(
        "shift-right", "Shift right", "px", _range(-4, 4, 1), 0, 1,
        "By whole pixels, negative to the left; the edge is repeated. Kernels and pooling stay in "
        "place: by less than their period, a pixel may meet another threshold as well.",
        lambda pixels, columns, _: _shifted(pixels, 0, round(columns)),
    ),
    Perturbation(
        "shift-down", "Shift down", "px", _range(-4, 4, 1), 0, 1,
        "By whole pixels, negative upwards; the edge is repeated. Kernels and pooling stay in "
        "place: by less than their period, a pixel may meet another threshold as well.",
        lambda pixels, rows, _: _shifted(pixels, round(rows), 0),
    ),
)  # fmt: skip

#: Perturbations by name.
PERTURBATIONS: Mapping[str, Perturbation] = MappingProxyType({one.name: one for one in _ALL})
