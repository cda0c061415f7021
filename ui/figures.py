"""HTML of maps, numbers and kernels. Takes finished pictures and numbers, returns HTML."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from html import escape

from design_core.comparison import ActivationScores
from design_core.drawing import describe_kernel, kernel_svg
from design_core.kernels.kernel import ThresholdKernel

__all__ = ["gallery", "kernel_figure", "map_figure", "numbers", "pair_and_rest", "score_numbers"]


def map_figure(
    png: bytes,
    *,
    shape: tuple[int, int],
    title: str,
    alt: str,
    mark: str = "",
    caption: str = "",
    tall: str = "62vh",
) -> str:
    """A map at the largest whole factor that fits, with title, text alternative and caption.

    Parameters
    ----------
    png
        The map at one pixel per pixel.
    shape
        (height, width) of the map.
    mark
        Class of the colour mark before the title: ``ds-sign``, ``ds-design`` or none.
    caption
        HTML beneath the title.
    tall
        CSS length that the map's height should not exceed, where a whole factor allows.
    """
    height, width = shape
    marked = f" ds-marked {mark}" if mark else ""
    return (
        f'<figure class="ds-figure" style="--w:{width}px;--aspect:{width / height:.6f};'
        f'--tall:{tall}"><div class="ds-frame">'
        f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" '
        f'width="{width}" height="{height}" alt="{escape(alt, quote=True)}"></div>'
        f'<figcaption><div class="ds-title{marked}">{escape(title)}</div>{caption}</figcaption>'
        "</figure>"
    )


def kernel_figure(kernel: ThresholdKernel, *, across: int) -> str:
    """A kernel's drawing, its cells as large as `across` pixels allow, 52 px at most."""
    slices, _, columns = kernel.shape
    cell = int(across / (slices * columns + (slices - 1) / 3))
    svg = kernel_svg(kernel, cell=max(2, min(52, cell)))
    return (
        f'<img class="ds-kernel" alt="{escape(describe_kernel(kernel), quote=True)}" '
        f'src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'
    )


def numbers(values: Mapping[str, str], *, small: bool = False) -> str:
    """A row of figures with their names."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in values.items()
    )
    return f'<dl class="ds-numbers{" ds-small" if small else ""}">{items}</dl>'


def score_numbers(scored: ActivationScores, *, small: bool = False) -> str:
    """TV, density and entropy of one map (the first), with the digits they deserve."""
    values = {"TV": f"{scored.tv[0]:.3f}", "density": f"{scored.density[0]:.1%}"}
    if not math.isnan(scored.entropy_2x2[0]):
        values["bits per pixel"] = f"{scored.entropy_2x2[0]:.3f}"
    return numbers(values, small=small)


def pair_and_rest(pair: tuple[str, str], rest: tuple[str, ...]) -> str:
    """Two large figures side by side and equal, and small ones stacked beside them."""
    return (
        f'<div class="ds-bench"><div class="ds-pair">{"".join(pair)}</div>'
        f'<div class="ds-rest">{"".join(rest)}</div></div>'
    )


def gallery(figures: list[str], *, cell: int) -> str:
    """Small figures in rows; `cell` is the least width of one in pixels."""
    return f'<div class="ds-gallery" style="--cell:{cell}px">{"".join(figures)}</div>'
