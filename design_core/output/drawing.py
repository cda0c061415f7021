"""Pictures of maps and kernels, as PNG and SVG: bits stay bits.

Nothing here resamples: maps are enlarged by whole factors with nearest neighbour, and written as
PNG, bits with one bit per pixel.
"""

from __future__ import annotations

import io
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from design_core.arrays import as_array
from design_core.kernels.kernel import ThresholdKernel
from design_core.pictures import Picture

__all__ = [
    "INK",
    "PAPER",
    "bits_png",
    "describe_kernel",
    "enlarge",
    "grey_levels",
    "grey_png",
    "heat_png",
    "kernel_svg",
    "mosaic",
    "mosaic_png",
    "picture_png",
    "pixels_png",
    "threshold_shades",
]

#: The two tones of a bit, the same in light and dark: −1 is ink, +1 is paper.
INK = (0x14, 0x16, 0x1A)
PAPER = (0xF7, 0xF5, 0xF0)


def enlarge(plane: ArrayLike, factor: int) -> NDArray[Any]:
    """Enlarge a map (H, W) by a whole factor: every pixel becomes factor × factor equal ones."""
    plane = _map(plane)
    if factor < 1:
        raise ValueError(f"Maps are enlarged by whole factors from 1; got {factor}.")
    return plane.repeat(factor, axis=0).repeat(factor, axis=1)


def _map(plane: ArrayLike) -> NDArray[Any]:
    """One map (H, W) as an array, whatever it comes as."""
    array = as_array(plane)
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"One map of shape (H, W) is drawn at a time; got shape {array.shape}. Of several "
            "give one, maps[0]."
        )
    return array


def _png(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", **options)
    return buffer.getvalue()


def bits_png(bits: ArrayLike, factor: int = 1) -> bytes:
    """A map of bits (H, W) as PNG of one bit per pixel, in the two tones `INK` and `PAPER`.

    Read back as a palette picture, its indices are the bits: 0 for −1, 1 for +1.

    Parameters
    ----------
    bits
        bool or 0/1; what `Sign` and `DeSign` give, ±1, is taken too. An array or a torch tensor.

    Raises
    ------
    ValueError
        More than one map, or values that are no bits.
    """
    image = Image.fromarray(enlarge(_bits(bits), factor), mode="P")
    image.putpalette([*INK, *PAPER])
    return _png(image, bits=1)


def _bits(plane: ArrayLike) -> NDArray[np.uint8]:
    """A map of bits as 0 and 1; ValueError if it holds anything but two-valued 0/1 or ±1."""
    array = _map(plane)
    values = set(np.unique(array).tolist())
    if not (values <= {0, 1} or values <= {-1, 1}):
        raise ValueError(
            f"Bits are 0 and 1, or −1 and +1; got values from {min(values)} to {max(values)}. "
            "Draw a real-valued map by grey_png, or cut it first by binarize."
        )
    return (array > 0).astype(np.uint8)


def grey_png(x: ArrayLike, *, black: float = -2.5, white: float = 2.5) -> bytes:
    """A real-valued map (H, W) as a grey PNG; see `grey_levels`."""
    return _png(Image.fromarray(grey_levels(_map(x), black=black, white=white)))


def pixels_png(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels of a picture as PNG, shape (H, W, 3) for RGB or (H, W, 1) for grey."""
    return _png(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))


def picture_png(picture: Picture) -> bytes:
    """A picture as it is seen, 8 bits per colour, as PNG."""
    return _png(Image.fromarray(np.rint(255 * picture.rgb().transpose(1, 2, 0)).astype(np.uint8)))


def grey_levels(x: NDArray[Any], *, black: float = -2.5, white: float = 2.5) -> NDArray[np.uint8]:
    """Grey values 0 to 255 of a real-valued map, clipped beyond the values of black and white.

    Standardized maps seldom leave ±2.5; a fixed range keeps all maps comparable.
    """
    grey = np.clip((x - black) / (white - black), 0, 1)
    levels: NDArray[np.uint8] = np.rint(grey * 255).astype(np.uint8)
    return levels


def heat_png(heat: ArrayLike, *, peak: float = 2.0) -> bytes:
    """A heat map (H, W) of values from 0 to `peak`, in the colour-blind-safe cividis."""
    from matplotlib import colormaps

    table = (colormaps["cividis"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
    index = np.rint(np.clip(_map(heat) / peak, 0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(index, mode="P")
    image.putpalette(table.tobytes())
    return _png(image)


_BETWEEN = 2  # in a mosaic, beside the bits 0 and 1


def mosaic(bits: NDArray[np.bool_], *, columns: int, gap: int = 2) -> NDArray[np.uint8]:
    """Lay maps of bits (C, H, W) out in rows of `columns`; what is between them is no bit.

    Returns
    -------
    uint8 array with one row or column of tiles after another, for `mosaic_png`.
    """
    count, height, width = bits.shape
    rows = -(-count // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap)
    laid = np.full(shape, _BETWEEN, dtype=np.uint8)
    for place, one in enumerate(bits):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        laid[top : top + height, left : left + width] = one
    return laid


def mosaic_png(laid: NDArray[np.uint8]) -> bytes:
    """A `mosaic` as PNG in the two tones of bits, transparent between the maps."""
    image = Image.fromarray(laid, mode="P")
    image.putpalette([*INK, *PAPER, *PAPER])
    return _png(image, bits=2, transparency=_BETWEEN)


def kernel_svg(kernel: ThresholdKernel | ArrayLike | str, *, cell: int = 48) -> str:
    """A kernel as SVG: darker is a higher threshold; level in the cell, threshold beneath it.

    Slices stand side by side. `cell` is the side of a cell in pixels; below 36 only the level is
    written, below 16 nothing. The title holds all thresholds, for screen readers.
    """
    kernel = ThresholdKernel.of(kernel)
    slices, rows, columns = kernel.shape
    gap = cell // 3
    width, height = slices * columns * cell + (slices - 1) * gap, rows * cell
    thresholds = kernel.thresholds
    shades = threshold_shades(thresholds)
    cells = []
    for (s, i, j), level in np.ndenumerate(kernel.levels):
        x, y = s * (columns * cell + gap) + j * cell, i * cell
        shade = shades[s, i, j]
        ink = "#FFFFFF" if shade < 140 else "#14161A"
        cells.append(
            f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" '
            f'fill="rgb({shade},{shade},{shade})"/>'
        )
        if cell >= 16:
            both = cell >= 36
            level_y = y + cell * (0.44 if both else 0.64)
            cells.append(_text(x + cell / 2, level_y, cell * 0.34, ink, str(level)))
            if both:
                value = f"{thresholds[s, i, j]:.2f}".replace("-", "−")
                cells.append(_text(x + cell / 2, y + cell * 0.78, cell * 0.23, ink, value))
    title = escape(describe_kernel(kernel))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{''.join(cells)}</svg>"
    )


def describe_kernel(kernel: ThresholdKernel) -> str:
    """A text alternative: the name, and the thresholds row by row."""
    slices = (
        "; ".join(" ".join(f"{t:.3f}" for t in row) for row in rows) for rows in kernel.thresholds
    )
    name = kernel.name or "threshold kernel"
    return f"{name}, thresholds by row: {' | '.join(slices)}"


def threshold_shades(thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Grey from 236 (lowest threshold) to 40 (highest); a uniform kernel is mid-grey."""
    low, high = thresholds.min(), thresholds.max()
    rank = (thresholds - low) / (high - low) if high > low else np.full_like(thresholds, 0.5)
    return np.rint(236 - 196 * rank).astype(np.int64)


def _text(x: float, y: float, size: float, ink: str, content: str) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{ink}" text-anchor="middle" '
        f'font-family="Inter, system-ui, sans-serif" '
        f'font-variant-numeric="tabular-nums">{content}</text>'
    )
