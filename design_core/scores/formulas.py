"""Scores of feature maps: how much detail a binary map shows, and how much of x it keeps.

Every function takes arrays, or torch tensors, whose last two axes are the map, (..., H, W), and
returns one number per map, shape (...). Bits are counted 0 and 1: a flip between two neighbours
adds 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.arrays import as_array

__all__ = [
    "TV_VARIANTS",
    "activation_density",
    "block_entropy",
    "correlation",
    "likeness",
    "neighbour_correlation",
    "pooled_block_entropy",
    "psnr",
    "reconstruct",
    "ssim",
    "total_variation",
    "tv_map",
]

Floats = NDArray[np.float64]

_BLOCK = 2**20  # blocks of bits that are counted at a time
_WINDOW = 5  # pixels a side of what the eye averages from afar
_BAND = 2**19  # values of a map that are looked at in float64 at a time

#: Total variation, by name: what is averaged.
TV_VARIANTS = {
    "anisotropic": "mean |dx| + mean |dy|, each over its own neighbour pairs",
    "isotropic": "mean of √(dx² + dy²) over pixels with a right and a lower neighbour",
    "repository": "the authors' tv.m: dx and dy are paired by index, so unrelated pixels meet",
}


def _numbers(x: ArrayLike) -> NDArray[Any]:
    """Bits and integers as float32 (exact for them), floats as they are; checked for shape."""
    array = as_array(x)
    _require_maps(array)
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def _require_maps(array: NDArray[Any]) -> None:
    if array.ndim < 2 or 0 in array.shape[-2:]:
        raise ValueError(f"A score needs maps of shape (..., H, W); got shape {array.shape}.")


def _mean(values: NDArray[Any]) -> Floats:
    """Mean over the map axes in float64; 0 where there is nothing to average."""
    if 0 in values.shape[-2:]:
        return np.zeros(values.shape[:-2])
    result: Floats = values.mean(axis=(-2, -1), dtype=np.float64)
    return result


def _bands(height: int, width: int) -> Iterator[slice]:
    """Rows that come a few at a time, so that a large map is never whole in float64."""
    step = max(1, _BAND // max(1, width))
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def total_variation(x: ArrayLike, variant: str = "anisotropic") -> Floats:
    """Total variation per pixel.

    Parameters
    ----------
    x
        Maps of shape (..., H, W): bits (a flip adds 1) or real values.
    variant
        One of `TV_VARIANTS`.

    Returns
    -------
    float64 array of shape (...)
        Between 0 and 2 for bits. A map of one row or column has no pairs in that direction, and
        they count nothing.

    Raises
    ------
    ValueError
        Unknown variant; ``repository`` on maps that are not square (the authors' script stops
        there too, since dx and dy then differ in length).
    """
    maps = _numbers(x)
    if variant == "anisotropic" or (variant == "isotropic" and 1 in maps.shape[-2:]):
        return _mean_change(maps, -1) + _mean_change(maps, -2)
    if variant == "isotropic":
        return _mean_slope(maps)
    if variant == "repository":
        if maps.shape[-1] != maps.shape[-2]:
            raise ValueError(
                f"The 'repository' total variation needs square maps; got {maps.shape[-2]} rows "
                f"and {maps.shape[-1]} columns."
            )
        # MATLAB's (:) runs down the columns: dy (H−1 rows) and dx (H rows) fall out of step.
        dx, dy = np.diff(maps, axis=-1), np.diff(maps, axis=-2)
        by_column = [d.swapaxes(-1, -2).reshape(*maps.shape[:-2], 1, -1) for d in (dx, dy)]
        return _mean(np.hypot(*by_column))
    raise ValueError(
        f"Unknown total variation {variant!r}; choose one of {', '.join(TV_VARIANTS)}."
    )


def _mean_change(maps: NDArray[Any], axis: int) -> Floats:
    """Mean magnitude of the differences of neighbours along an axis."""
    change = np.diff(maps, axis=axis)
    return _mean(np.abs(change, out=change))


def _mean_slope(maps: NDArray[Any]) -> Floats:
    """Mean of √(dx² + dy²) over the pixels with a right and a lower neighbour."""
    height, width = maps.shape[-2] - 1, maps.shape[-1] - 1
    total = np.zeros(maps.shape[:-2])
    for rows in _bands(height, width):
        band = maps[..., rows.start : rows.stop + 1, :]
        dx = np.diff(band[..., :-1, :], axis=-1)
        dy = np.diff(band[..., :-1], axis=-2)
        total += np.hypot(dx, dy, out=dx).sum(axis=(-2, -1), dtype=np.float64)
    return np.asarray(total / (height * width))


def tv_map(x: ArrayLike, variant: str = "anisotropic") -> NDArray[Any]:
    """Where the total variation sits: the forward differences of each pixel, shape (..., H, W).

    |dx| + |dy| (``anisotropic``) or √(dx² + dy²) (``isotropic``) of a pixel against its right and
    lower neighbour; a missing neighbour counts 0.

    Raises
    ------
    ValueError
        Any other variant: the ``repository`` form belongs to no pixel.
    """
    maps = _numbers(x)
    dx = np.abs(np.diff(maps, axis=-1, append=maps[..., -1:]))
    dy = np.abs(np.diff(maps, axis=-2, append=maps[..., -1:, :]))
    if variant == "anisotropic":
        return np.add(dx, dy)
    if variant == "isotropic":
        return np.hypot(dx, dy)
    raise ValueError(
        f"A heat map shows 'anisotropic' or 'isotropic' total variation; got {variant!r}."
    )


def activation_density(bits: ArrayLike) -> Floats:
    """P(+1): the share of pixels that fire, between 0 and 1, shape (...). Input bool or 0/1."""
    return _mean(_numbers(bits))


def block_entropy(bits: ArrayLike, *, period: tuple[int, int] = (1, 1)) -> Floats:
    """Entropy of 2×2 blocks of bits, in bits per pixel: the information kept of each block of x.

    Bits are a function of x and of the place in the kernel, so the information that a block
    carries about x is its entropy *given its place*. All overlapping 2×2 blocks are therefore
    counted apart by place (i mod d1, j mod d2); the plug-in entropies are averaged by count and
    divided by the four pixels. Without this, a kernel would be credited for its own pattern.

    Parameters
    ----------
    bits
        bool or 0/1, shape (..., H, W), H and W at least 2 (a smaller map has no block: 0).
    period
        (d1, d2) of the kernel that made the bits; (1, 1) for Sign.

    Returns
    -------
    float64 array of shape (...)
        Between 0 and 1. Plug-in estimates run low where a place has few blocks: for 4×4 kernels on
        32×32 maps (60 blocks a place) by up to about 0.05.
    """
    counts = _block_counts(bits, period)
    return _entropy_per_pixel(counts).reshape(as_array(bits).shape[:-2])


def pooled_block_entropy(bits: ArrayLike, *, period: tuple[int, int] = (1, 1)) -> float:
    """`block_entropy` of many maps as of one: their blocks are counted together.

    What a cut keeps of a set of pictures, whose blocks are many enough to leave no bias.
    """
    return float(_entropy_per_pixel(_block_counts(bits, period).sum(0, keepdims=True))[0])


def _block_counts(bits: ArrayLike, period: tuple[int, int]) -> Floats:
    """How often each of the 16 blocks occurs in each place, shape (maps, places, 16)."""
    b = as_array(bits)
    _require_maps(b)
    if b.dtype != np.bool_ and not np.isin(b, (0, 1)).all():
        raise ValueError(
            "Blocks are counted of bits, bool or 0/1; got values from "
            f"{b.min()} to {b.max()}. Cut maps first, by binarize; ±1 is bits > 0."
        )
    height, width = b.shape[-2] - 1, b.shape[-1] - 1
    n_maps = int(np.prod(b.shape[:-2]))
    if min(n_maps, height, width) < 1:
        return np.zeros((n_maps, 1, 16))
    rows, columns = min(period[0], height), min(period[1], width)
    counts = np.zeros(n_maps * rows * columns * 16, np.int64)
    # Places need eight bytes for a bit, so that rows come a few at a time.
    step = rows * max(1, _BLOCK // (n_maps * width * rows))
    for at in range(0, height, step):
        cells = _cells(b[..., at : at + step + 1, :].astype(np.uint8), rows, columns)
        counts += np.bincount(cells.ravel(), minlength=counts.size)
    return counts.reshape(n_maps, rows * columns, 16).astype(np.float64)


def _cells(b: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.int64]:
    """Where each block of some rows of bits is counted, of all maps; row 0 lies on place 0."""
    height, width = b.shape[-2] - 1, b.shape[-1] - 1
    code = b[..., :-1, :-1] | b[..., :-1, 1:] << 1 | b[..., 1:, :-1] << 2 | b[..., 1:, 1:] << 3
    place = (np.arange(height) % rows)[:, None] * columns + np.arange(width) % columns
    code = code.reshape(-1, height, width)
    map_index = np.arange(len(code))[:, None, None]
    cells: NDArray[np.int64] = (map_index * (rows * columns) + place) * 16 + code
    return cells


def _entropy_per_pixel(counts: Floats) -> Floats:
    """Entropy given the place, from counts (maps, places, 16), by the four pixels of a block."""
    per_place = counts.sum(axis=-1, keepdims=True)
    share = np.divide(counts, per_place, out=np.ones_like(counts), where=counts > 0)
    bits = -(counts * np.log2(share)).sum(axis=(1, 2))
    blocks = counts.sum(axis=(1, 2))
    return np.asarray(bits / np.maximum(blocks, 1) / 4)


def correlation(x: ArrayLike, y: ArrayLike) -> Floats:
    """Pearson correlation of two maps, between −1 and 1; 0 where either is constant.

    Raises
    ------
    ValueError
        Maps of different sides.
    """
    a, b = as_array(x), as_array(y)
    _require_maps(a)
    _require_maps(b)
    if a.shape[-2:] != b.shape[-2:]:
        raise ValueError(f"A correlation needs maps of one size; got {a.shape} and {b.shape}.")
    means = [one.mean(axis=(-2, -1), dtype=np.float64, keepdims=True) for one in (a, b)]
    leading = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    both, of_a, of_b = (np.zeros(leading) for _ in range(3))
    for rows in _bands(*a.shape[-2:]):
        c, d = (one[..., rows, :] - mean for one, mean in zip((a, b), means, strict=True))
        both += (c * d).sum(axis=(-2, -1))
        of_a += np.square(c, out=c).sum(axis=(-2, -1))
        of_b += np.square(d, out=d).sum(axis=(-2, -1))
    norm = np.sqrt(of_a * of_b)
    return np.divide(both, norm, out=np.zeros(leading), where=norm > 0)


def neighbour_correlation(maps: ArrayLike) -> Floats:
    """How alike adjacent pixels are: their Pearson correlation, channel by channel, −1 to 1.

    Pairs beside and above each other count alike; mean and variance are those of the channel over
    all pictures, as a batch norm sees them. 1 is a map without detail, 0 is white noise; a channel
    that is constant has 0.

    Parameters
    ----------
    maps
        Shape (N, C, H, W), H and W at least 2.

    Returns
    -------
    Shape (C,).

    Raises
    ------
    ValueError
        Maps of another shape.
    """
    x = _numbers(maps).astype(np.float64)
    if x.ndim != 4 or min(x.shape[-2:]) < 2:
        raise ValueError(
            f"Neighbours need maps (N, C, H, W) of 2×2 pixels or more; got shape {x.shape}."
        )
    x = x - x.mean(axis=(0, 2, 3), keepdims=True)
    variance = (x * x).mean(axis=(0, 2, 3))
    beside = (x[..., :-1] * x[..., 1:]).mean(axis=(0, 2, 3))
    above = (x[..., :-1, :] * x[..., 1:, :]).mean(axis=(0, 2, 3))
    found: Floats = np.divide(
        (beside + above) / 2, variance, out=np.zeros_like(variance), where=variance > 0
    )
    return found


def reconstruct(bits: ArrayLike, x: ArrayLike, *, window: int = _WINDOW) -> Floats:
    """What the eye sees from afar: the local average of the bits, on the scale of x.

    The average over a window × window box (edges repeated) is mapped onto x by the straight line
    of least squares, since bits carry no scale of their own.

    Returns
    -------
    float64 array of the shape of x; the mean of x where the bits do not vary with x.
    """
    target = _numbers(x).astype(np.float64)
    local = _local_average(bits, window, np.float64)
    local -= local.mean(axis=(-2, -1), keepdims=True)
    variance = _mean(local * local)
    slope = np.divide(
        _mean(local * target), variance, out=np.zeros_like(variance), where=variance > 0
    )
    local *= slope[..., None, None]
    local += target.mean(axis=(-2, -1), keepdims=True)
    return local


def likeness(output: ArrayLike, x: ArrayLike) -> Floats:
    """Pearson correlation of the local average of an output with x: what the eye sees from afar.

    That of `reconstruct` with x, over 5×5 pixels, without the straight line, which changes no
    correlation but its sign: between 0 and 1; NaN where x is flat, and nothing could be like it.
    """
    maps = as_array(x)
    seen = np.abs(correlation(_local_average(output, _WINDOW, np.float32), maps))
    return np.where(np.ptp(maps, axis=(-2, -1)) > 0, seen, np.nan)


def _local_average(maps: ArrayLike, window: int, kind: type[np.floating[Any]]) -> NDArray[Any]:
    """Mean over a window × window box, edges repeated."""
    from scipy.ndimage import uniform_filter

    values = _numbers(maps)
    size = (0,) * (values.ndim - 2) + (window, window)
    local: NDArray[Any] = uniform_filter(values, size, output=kind, mode="nearest")
    return local


def _value_range(x: Floats) -> float:
    """Range of the values of x; 1 for a constant map, which has no scale to compare with."""
    return float(np.ptp(x)) or 1.0


def psnr(x: ArrayLike, reconstruction: ArrayLike) -> Floats:
    """Peak signal-to-noise ratio of reconstructions in dB, the peak being the range of x.

    Computed by scikit-image, one map after another; infinite for an exact reconstruction.
    """
    from skimage.metrics import peak_signal_noise_ratio

    def of_map(a: Floats, b: Floats) -> float:
        if np.array_equal(a, b):
            return float("inf")  # scikit-image says the same, with a division warning
        return float(peak_signal_noise_ratio(a, b, data_range=_value_range(a)))  # type: ignore[no-untyped-call]

    return _map_by_map(of_map, x, reconstruction)


def ssim(x: ArrayLike, reconstruction: ArrayLike) -> Floats:
    """Structural similarity of reconstructions with x, up to 1.

    Computed by scikit-image with its 7×7 window, smaller on smaller maps; maps with a side below
    3 pixels have no window and give NaN. Both maps are moved so that x starts at 0: the luminance
    term of SSIM is made for intensities, and on means of either sign it would reward negatives.
    """
    from skimage.metrics import structural_similarity

    def of_map(a: Floats, b: Floats) -> float:
        side = min(7, *a.shape)
        if side < 3:
            return float("nan")
        odd = side - 1 + side % 2
        low = a.min()
        similarity = structural_similarity(  # type: ignore[no-untyped-call]
            a - low, b - low, data_range=_value_range(a), win_size=odd
        )
        return float(similarity)

    return _map_by_map(of_map, x, reconstruction)


def _map_by_map(of_map: Any, x: ArrayLike, y: ArrayLike) -> Floats:
    a, b = _numbers(x).astype(np.float64), _numbers(y).astype(np.float64)
    leading, plane = a.shape[:-2], a.shape[-2:]
    pairs = zip(a.reshape(-1, *plane), b.reshape(-1, *plane), strict=True)
    return np.array([of_map(p, q) for p, q in pairs]).reshape(leading)
