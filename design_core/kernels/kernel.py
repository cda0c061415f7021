"""The threshold kernel: a small pattern of levels, repeated over a feature map.

DeSign [paper, section III] cuts each pixel at its own threshold::

    y[n, c, i, j] = sign(x[n, c, i, j] − T[c mod s, i mod d1, j mod d2])

A kernel has s slices (along the channels) of d1 rows and d2 columns.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.arrays import as_array
from design_core.kernels.notation import read_numbers
from design_core.scaling import Scale
from design_core.text import printable

__all__ = [
    *("MAX_LEVEL", "MAX_SIDE", "MAX_SLICES", "OMEGA"),
    *("ThresholdKernel", "binarize", "refuse_nan", "tile"),
]

#: The values of one binary 3×3 convolution on one channel after ReLU [paper, section III-A].
OMEGA: tuple[int, ...] = (0, 1, 3, 5, 7, 9)

#: No side of a kernel is longer; a kernel is a small pattern, not a picture.
MAX_SIDE = 64

#: No kernel has more slices: one for each channel of a wide layer.
MAX_SLICES = 1024

#: No name read from outside is longer.
MAX_NAME = 200

#: No level is larger in magnitude.
MAX_LEVEL = 2**31

Array = TypeVar("Array", bound=Any)


@dataclass(frozen=True, eq=False)
class ThresholdKernel:
    """An immutable threshold kernel: levels, the set they come from, and their scale.

    Parameters
    ----------
    levels
        Integers, shape (s, d1, d2), or (d1, d2) for a single slice; each in `level_set`.
        At most 64 rows and columns, and 1024 slices.
    level_set
        All levels that the design may use, ascending and distinct. The scale depends on the whole
        set, not only on the levels that occur.
    scale
        How levels become thresholds.
    name
        For people; two kernels that differ in name only are equal.

    Raises
    ------
    ValueError
        Ragged, empty, oversized or non-integer levels, a level outside the set, or a scale that
        has no values for the set.

    Examples
    --------
    >>> ThresholdKernel([[1, 1], [3, 3]]).thresholds.round(3).tolist()
    [[[0.631, 0.631], [0.967, 0.967]]]
    """

    levels: NDArray[np.int64]
    level_set: tuple[int, ...] = OMEGA
    scale: Scale = field(default_factory=Scale)
    name: str = ""

    def __init__(
        self,
        levels: ArrayLike,
        level_set: Sequence[int] = OMEGA,
        scale: Scale | None = None,
        name: str = "",
    ) -> None:
        checked = _as_levels(levels)
        ordered = _as_level_set(level_set)
        strangers = sorted(set(np.unique(checked).tolist()) - set(ordered))
        if strangers:
            raise ValueError(
                f"The kernel uses level {strangers[0]}, which is not in its level set {ordered}."
            )
        checked.setflags(write=False)
        object.__setattr__(self, "levels", checked)
        object.__setattr__(self, "level_set", ordered)
        object.__setattr__(self, "scale", scale or Scale())
        shown = printable(name)
        object.__setattr__(self, "name", name if shown == name else shown[:MAX_NAME])
        self.scale.thresholds(ordered)  # a scale without values for these levels is told now

    @classmethod
    def from_numbers(cls, numbers: ArrayLike, *, name: str = "") -> ThresholdKernel:
        """A kernel of plain numbers: whole numbers are levels, others real thresholds.

        Levels are of `OMEGA` where they fit, else of just the integers that occur; their scale is
        ``published`` where that has constants for the set, else ``lloyd-max``.

        Parameters
        ----------
        numbers
            Shape (s, d1, d2) or (d1, d2).

        Examples
        --------
        >>> ThresholdKernel.from_numbers([[1, 1], [3, 3]]).level_set
        (0, 1, 3, 5, 7, 9)
        >>> ThresholdKernel.from_numbers([[0, 128], [192, 64]]).scale.name
        'lloyd-max'
        >>> ThresholdKernel.from_numbers([[0.5, 0.25]]).scale.name
        'custom'
        """
        checked = _as_slices(numbers)
        if (checked != np.rint(checked)).any():
            return cls.from_thresholds(checked, name=name)
        used = tuple(np.unique(_as_levels(checked)).tolist())
        level_set = OMEGA if set(used) <= set(OMEGA) else used
        return cls(checked, level_set, Scale.fitting(level_set), name)

    @classmethod
    def from_text(cls, text: str, *, name: str = "") -> ThresholdKernel:
        """A kernel as people write it, and as ``str`` gives it; numbers as in `from_numbers`.

        Parameters
        ----------
        text
            Numbers separated by spaces or commas, rows by ``;``, slices by ``|``; also as MATLAB,
            Python and NumPy write them, see `read_numbers`.

        Examples
        --------
        >>> ThresholdKernel.from_text("1 1;3 3|7 7;5 5").shape
        (2, 2, 2)
        >>> print(ThresholdKernel.from_text("[[1, 1], [3, 3]]"))
        1 1;3 3
        """
        try:
            numbers = read_numbers(text)
        except ValueError as error:
            raise ValueError(
                "Levels are numbers by spaces, rows by ';', slices by '|', as in '1 1;3 3'; "
                f"got {text[:60]!r}."
            ) from error
        return cls.from_numbers(numbers, name=name)

    @classmethod
    def from_thresholds(cls, thresholds: ArrayLike, *, name: str = "") -> ThresholdKernel:
        """A kernel with just these real thresholds; its levels are their ranks 0, 1, 2, …

        Parameters
        ----------
        thresholds
            Finite numbers, shape (s, d1, d2) or (d1, d2), in units of the batch-norm output.
        """
        real = _as_slices(thresholds)
        values, ranks = np.unique(real, return_inverse=True)
        scale = Scale("custom", values=tuple(values.tolist()))
        return cls(ranks.reshape(real.shape), tuple(range(len(values))), scale, name)

    @classmethod
    def of(cls, given: ThresholdKernel | ArrayLike | str) -> ThresholdKernel:
        """The kernel that is meant by what functions of kernels take.

        Parameters
        ----------
        given
            A kernel, which comes back as it is; what `parse_kernel` reads, such as ``2x2-v2``; or
            real thresholds of shape (s, d1, d2) or (d1, d2), an array or a torch tensor.

        Raises
        ------
        ValueError
            None of these; no file is opened.

        Examples
        --------
        >>> ThresholdKernel.of("2x2-v2").shape
        (1, 2, 2)
        """
        if isinstance(given, ThresholdKernel):
            return given
        if isinstance(given, str):
            from design_core.kernels.spec import parse_kernel  # which is built on this module

            return parse_kernel(given)
        return cls.from_thresholds(given)

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Real thresholds T, shape (s, d1, d2), in units of the batch-norm output."""
        by_rank = self.scale.thresholds(self.level_set)
        return by_rank[np.searchsorted(self.level_set, self.levels)]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(s, d1, d2): slices, rows, columns."""
        slices, rows, columns = self.levels.shape
        return slices, rows, columns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ThresholdKernel) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        return self.shape, self.levels.tobytes(), self.level_set, self.scale

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, which makes the levels read-only again.
        return type(self), (self.levels, self.level_set, self.scale, self.name)

    def __str__(self) -> str:
        """The levels as `from_text` reads them: rows by ``;``, slices by ``|``."""
        slices = (";".join(" ".join(map(str, row)) for row in rows) for rows in self.levels)
        return "|".join(slices)

    # Transforms. Each returns a new kernel; the scale is kept.

    def renamed(self, name: str) -> ThresholdKernel:
        """The same kernel under another name."""
        return replace(self, name=name)

    def scaled(
        self, name: str | None = None, *, strength: float | None = None, offset: float | None = None
    ) -> ThresholdKernel:
        """The same levels under another scale; what is left out stays as it is."""
        old = self.scale
        values = old.values if name is None or name == old.name else None
        new = Scale(
            name or old.name,
            strength=old.strength if strength is None else strength,
            offset=old.offset if offset is None else offset,
            values=values,
        )
        return replace(self, scale=new)

    def with_scale(self, scale: Scale) -> ThresholdKernel:
        """The same levels under the given scale."""
        return replace(self, scale=scale)

    def complement(self) -> ThresholdKernel:
        """Swap the lowest level with the highest, and so on inwards: 0↔9, 1↔7, 3↔5."""
        ranks = np.searchsorted(self.level_set, self.levels)
        return self._with_ranks(len(self.level_set) - 1 - ranks)

    def shifted(self, steps: int = 1) -> ThresholdKernel:
        """Move every level up the cyclic list 0→1→3→5→7→9→0: a shift of levels, not of space."""
        ranks = np.searchsorted(self.level_set, self.levels)
        return self._with_ranks((ranks + steps) % len(self.level_set))

    def shifted_slices(self, n_slices: int) -> ThresholdKernel:
        """A 3D kernel: this kernel's slices, shifted by 0, 1, … `n_slices` − 1 levels."""
        if n_slices < 1:
            raise ValueError(f"shifted_slices needs at least one slice; got {n_slices}.")
        return self.stacked(*(self.shifted(steps) for steps in range(1, n_slices)))

    def stacked(self, *others: ThresholdKernel) -> ThresholdKernel:
        """Lay the slices of `others` behind the own ones, as along the channels."""
        for other in others:
            if other.shape[1:] != self.shape[1:] or other.level_set != self.level_set:
                raise ValueError(
                    f"Slices must share rows, columns and level set; got {self.shape[1:]} on "
                    f"{self.level_set} and {other.shape[1:]} on {other.level_set}."
                )
        return replace(self, levels=np.concatenate([self.levels, *(o.levels for o in others)]))

    def for_channel(self, channel: int) -> ThresholdKernel:
        """The one slice that cuts this channel: slice ``channel mod s``."""
        return replace(self, levels=self.levels[channel % self.shape[0]])

    def rolled(self, rows: int = 0, columns: int = 0) -> ThresholdKernel:
        """Shift in space, cyclically: entry (0, 0) moves to (rows, columns)."""
        return replace(self, levels=np.roll(self.levels, (rows, columns), axis=(1, 2)))

    def transposed(self) -> ThresholdKernel:
        """Swap rows and columns of each slice."""
        return replace(self, levels=self.levels.swapaxes(1, 2))

    def rotated(self, quarter_turns: int = 1) -> ThresholdKernel:
        """Turn each slice counter-clockwise by quarter turns."""
        return replace(self, levels=np.rot90(self.levels, quarter_turns, axes=(1, 2)))

    def flipped(self, axis: str = "horizontal") -> ThresholdKernel:
        """Mirror each slice: ``horizontal`` swaps left and right, ``vertical`` top and bottom."""
        if axis not in ("horizontal", "vertical"):
            raise ValueError(f"flipped takes 'horizontal' or 'vertical'; got {axis!r}.")
        return replace(self, levels=np.flip(self.levels, axis=2 if axis == "horizontal" else 1))

    def inverted(self) -> ThresholdKernel:
        """Negate every threshold (strength and offset change sign; the levels stay).

        On a symmetric x this gives the photographic negative of the bits, ties apart:
        x ≥ −T where −x ≤ T.
        """
        return self.scaled(strength=-self.scale.strength, offset=-self.scale.offset)

    def _with_ranks(self, ranks: NDArray[np.int64]) -> ThresholdKernel:
        return replace(self, levels=np.asarray(self.level_set)[ranks])

    # Plain data, for JSON files, URLs and caches.

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description, the inverse of `from_dict`."""
        return {
            "name": self.name,
            "levels": self.levels.tolist(),
            "level_set": list(self.level_set),
            "scale": self.scale.to_dict(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ThresholdKernel:
        """Build from the mapping that `to_dict` returns; only ``levels`` is needed.

        Raises
        ------
        ValueError
            Missing or unknown entries, or anything the constructor refuses.
        """
        unknown = set(plain) - {"name", "levels", "level_set", "scale"}
        if unknown or "levels" not in plain:
            raise ValueError(
                "A kernel is described by 'levels' and, if wished, 'level_set', 'scale' and "
                f"'name'; got {', '.join(sorted(map(str, plain))) or 'nothing'}."
            )
        scale = plain.get("scale", {})
        if not isinstance(scale, Mapping):
            raise ValueError(f"A kernel's 'scale' is an object of its own; got {scale!r}.")
        name = str(plain.get("name", ""))
        if len(name) > MAX_NAME:
            raise ValueError(f"A kernel's name has at most {MAX_NAME} characters; got {len(name)}.")
        return cls(plain["levels"], plain.get("level_set", OMEGA), Scale.from_dict(scale), name)


def tile(thresholds: Array, channels: int, height: int, width: int) -> Array:
    """Repeat a kernel over a map: ``T[c mod s, i mod d1, j mod d2]``, anchored at (0, 0).

    Parameters
    ----------
    thresholds
        NumPy array or torch tensor of shape (s, d1, d2).

    Returns
    -------
    The same type, shape (channels, height, width); cropped where the period does not divide.
    """
    slices, rows, columns = thresholds.shape
    # Channels last: only that step touches the whole map.
    tiled = thresholds[:, :, [j % columns for j in range(width)]]
    tiled = tiled[:, [i % rows for i in range(height)]]
    cycled: Array = tiled[[c % slices for c in range(channels)]]
    return cycled


def binarize(x: ArrayLike, kernel: ThresholdKernel | ArrayLike | str) -> NDArray[np.bool_]:
    """Bits of DeSign on maps: True (+1) where x ≥ T, False (−1) elsewhere.

    Parameters
    ----------
    x
        Pre-activations of a floating-point type, shape (..., C, H, W), or (H, W) for one map; an
        array or a torch tensor.
    kernel
        A kernel, its name, or real thresholds: what `ThresholdKernel.of` takes.

    Returns
    -------
    bool array of the shape of x. T is rounded to float32 and then to the type of x, as the torch
    module and the browser do, so that all agree in every bit.

    Raises
    ------
    ValueError
        Integers, which would round T as well; fewer than two axes; or NaN, which bits would hide.
    """
    x = as_array(x)
    if x.ndim < 2 or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(
            "binarize takes floating-point maps of shape (..., C, H, W) or (H, W); "
            f"got {x.dtype} of shape {x.shape}."
        )
    refuse_nan(x)
    height, width = x.shape[-2:]
    channels = x.shape[-3] if x.ndim > 2 else 1
    thresholds = ThresholdKernel.of(kernel).thresholds.astype(np.float32).astype(x.dtype)
    tiled = tile(thresholds, channels, height, width)
    bits: NDArray[np.bool_] = x >= (tiled if x.ndim > 2 else tiled[0])
    return bits


def refuse_nan(x: NDArray[np.floating[Any]]) -> None:
    """ValueError if maps that are to be cut hold NaN, which no bit could show."""
    if x.size and np.isnan(x.max()):  # which is NaN if any value is
        raise ValueError(
            f"{int(np.isnan(x).sum())} of {x.size} values before a cut are NaN, which bits would "
            "hide. Look at what made them."
        )


def _as_slices(values: ArrayLike) -> NDArray[np.float64]:
    """Check a kernel's numbers: (s, d1, d2), finite, neither empty, ragged nor too large."""
    try:
        array = as_array(values)
    except (TypeError, ValueError) as error:
        raise ValueError("A kernel has rows of equal length and slices of equal shape.") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"A kernel is a table of numbers; got entries of type {array.dtype}.")
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        raise ValueError(
            f"A kernel has rows and columns, and slices if wished; got {array.ndim} dimensions."
        )
    if array.size == 0:
        raise ValueError(f"A kernel needs at least one entry; got shape {array.shape}.")
    if max(array.shape[1:]) > MAX_SIDE or len(array) > MAX_SLICES:
        raise ValueError(
            f"A kernel has at most {MAX_SIDE} rows and columns and {MAX_SLICES} slices; "
            f"got shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError("A kernel's entries must be finite; it holds NaN or infinity.")
    return array.astype(np.float64)


def _as_levels(values: ArrayLike) -> NDArray[np.int64]:
    array = _as_slices(values)
    if (array != np.rint(array)).any() or np.abs(array).max() > MAX_LEVEL:
        raise ValueError(
            f"A kernel's levels are integers of at most {MAX_LEVEL} in magnitude; use "
            "ThresholdKernel.from_thresholds for real thresholds."
        )
    return array.astype(np.int64)


def _as_level_set(level_set: Iterable[int]) -> tuple[int, ...]:
    try:
        ordered = tuple(sorted({operator.index(level) for level in level_set}))
    except TypeError as error:
        raise ValueError(f"A kernel's level set is a list of integers ({error}).") from error
    if any(abs(level) > MAX_LEVEL for level in ordered):
        raise ValueError(f"A kernel's level set goes to ±{MAX_LEVEL}; got {ordered[-1]}.")
    return ordered
