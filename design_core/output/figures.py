"""Figures for papers and slides: one map cut by Sign and by a kernel, with its numbers.

Drawn with matplotlib, saved as vectors: text stays text, bits stay bits (one sample per pixel of
the map, never interpolated). Figures are drawn without pyplot, so that sessions can draw side by
side.
"""

from __future__ import annotations

import io
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.arrays import as_array
from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.output.drawing import INK, PAPER, grey_levels, threshold_shades
from design_core.scores import activation_density, total_variation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "USES", "activation_figure", "figure_caption", "save_figure"]

#: What a figure is for: width in inches and size of type in points.
USES = {"paper": (7.16, 8.0), "slide": (12.8, 18.0)}

_saving = Lock()

#: File formats of `save_figure`.
FORMATS = ("pdf", "svg", "png")


def activation_figure(
    x: ArrayLike, kernel: ThresholdKernel | ArrayLike | str, *, channel: int = 0, use: str = "paper"
) -> Figure:
    """Pre-activation, Sign, DeSign and the kernel in a row, total variation and density beneath.

    Parameters
    ----------
    x
        One pre-activation map, shape (H, W); an array or a torch tensor.
    kernel
        A kernel, its name, or real thresholds, as `ThresholdKernel.of` takes; its slice
        ``channel mod s`` cuts the map.
    channel
        Which channel of the layer x is.
    use
        One of `USES`: ``paper`` spans two columns of a journal, ``slide`` a 16:9 slide.

    Returns
    -------
    matplotlib Figure, its own canvas, ready for `save_figure`.

    Raises
    ------
    ValueError
        Unknown use, or a map that is not (H, W).
    """
    from matplotlib.figure import Figure

    if use not in USES:
        raise ValueError(f"A figure is for one of {', '.join(USES)}; got {use!r}.")
    x = as_array(x)
    sign, design, own = _cut(x, kernel, channel)
    width, points = USES[use]
    height_of_map = x.shape[0] / x.shape[1]
    figure = Figure(figsize=(width, width * (0.27 * height_of_map) + 5 * points / 72))
    axes = figure.subplots(1, 4, width_ratios=[1, 1, 1, 0.55], gridspec_kw={"wspace": 0.08})
    figure.subplots_adjust(left=0.01, right=0.99, top=0.86, bottom=0.16)
    _picture(axes[0], grey_levels(x)[..., None], "Pre-activation x", "", points)
    _picture(axes[1], _tones(sign), "Sign", _numbers(sign), points)
    _picture(axes[2], _tones(design), "DeSign", _numbers(design), points)
    _kernel(axes[3], own, points)
    return figure


def figure_caption(
    x: ArrayLike,
    kernel: ThresholdKernel | ArrayLike | str,
    *,
    channel: int = 0,
    map_name: str = "",
) -> str:
    """The caption that belongs to `activation_figure`: what is shown, with which numbers.

    Examples
    --------
    >>> ramp = np.linspace(-1, 2, 16, dtype=np.float32).reshape(4, 4)
    >>> figure_caption(ramp, ThresholdKernel([[1, 1], [3, 3]], name="2x2-v2"))[:51]
    'One map of 4×4 pixels before the cut, and binarized'
    """
    x = as_array(x)
    sign, design, own = _cut(x, kernel, channel)
    height, width = x.shape
    scale = own.scale
    what = f"Map {map_name}" if map_name else "One map"
    levels = str(own).replace("-", "−")
    return (
        f"{what} of {width}×{height} pixels before the cut, and binarized by Sign (total "
        f"variation {total_variation(sign):.3f}, activation density "
        f"{100 * activation_density(sign):.1f} %) and by DeSign (total variation "
        f"{total_variation(design):.3f}, activation density "
        f"{100 * activation_density(design):.1f} %) with the threshold kernel "
        f"{own.name or 'at the right'}, levels [{levels}], {scale.name} scaling, strength "
        f"{scale.strength:g}, offset {scale.offset:g}. Total variation is mean |dx| + mean |dy| of "
        f"bits 0 and 1; {100 * float((sign != design).mean()):.1f} % of the bits differ. In the "
        "kernel, darker is a higher threshold."
    )


def save_figure(figure: Figure, file_format: str) -> bytes:
    """The figure as a file: ``pdf`` and ``svg`` keep text as text; ``png`` has 300 dots per inch.

    The same figure gives the same bytes; no date is written.
    """
    from matplotlib import rc_context

    if file_format not in FORMATS:
        raise ValueError(f"Figures are saved as {', '.join(FORMATS)}; got {file_format!r}.")
    buffer = io.BytesIO()
    undated: dict[str, dict[str, Any]] = {
        "pdf": {"CreationDate": None},
        "svg": {"Date": None},
        "png": {"Software": None},
    }
    # Fonts as text, and repeatable names, can only be asked for in settings that all threads share.
    with (
        _saving,
        rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "design"}),
    ):
        figure.savefig(buffer, format=file_format, dpi=300, metadata=undated[file_format])
    return buffer.getvalue()


def _cut(
    x: NDArray[np.float32], kernel: ThresholdKernel | ArrayLike | str, channel: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], ThresholdKernel]:
    """Bits of Sign and DeSign, and the kernel's slice that this channel uses."""
    if x.ndim != 2:
        raise ValueError(f"A figure shows one map of shape (H, W); got shape {x.shape}.")
    own = ThresholdKernel.of(kernel).for_channel(channel)
    return x >= 0, binarize(x, own), own


def _tones(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    tones: NDArray[np.uint8] = np.array([INK, PAPER], np.uint8)[bits.astype(int)]
    return tones


def _numbers(bits: NDArray[np.bool_]) -> str:
    density = 100 * activation_density(bits)
    return f"{total_variation(bits):.3f} edges per pixel, density {density:.1f} %"


def _picture(axes: Axes, pixels: NDArray[Any], title: str, below: str, points: float) -> None:
    colours = np.broadcast_to(np.rint(pixels).astype(np.uint8), (*pixels.shape[:2], 3))
    axes.imshow(colours, interpolation="none")
    axes.set_title(title, fontsize=points)
    axes.set_xlabel(below, fontsize=points)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_linewidth(0.4)


def _kernel(axes: Axes, kernel: ThresholdKernel, points: float) -> None:
    """Darker is a higher threshold; levels are written where a cell has room for them."""
    thresholds = kernel.thresholds[0]
    rows, columns = thresholds.shape
    shade = threshold_shades(thresholds)
    below = f"T from {thresholds.min():.2f} to {thresholds.max():.2f}".replace("-", "−")
    _picture(axes, shade[..., None], "Kernel", below, points)
    if max(rows, columns) <= 8:
        for (i, j), level in np.ndenumerate(kernel.levels[0]):
            ink = "white" if shade[i, j] < 140 else "black"
            size = points * min(1.0, 4 / max(rows, columns))
            axes.text(j, i, f"{level}", color=ink, ha="center", va="center", fontsize=size)
