"""HTML of finished pictures."""

from __future__ import annotations

import base64
from html import escape

from design_core.kernels.kernel import ThresholdKernel
from design_core.output.drawing import describe_kernel, kernel_svg

__all__ = ["kernel_image", "map_figure"]


def kernel_image(kernel: ThresholdKernel, *, cell: int = 48) -> str:
    """A kernel as a picture with its thresholds as text alternative; `cell` as in `kernel_svg`."""
    svg = base64.b64encode(kernel_svg(kernel, cell=cell).encode()).decode()
    alt = escape(describe_kernel(kernel), quote=True)
    return f'<img src="data:image/svg+xml;base64,{svg}" alt="{alt}">'


def map_figure(png: bytes, *, shape: tuple[int, int], title: str, alt: str) -> str:
    """A map at the largest whole factor that fits its column, with title and text alternative.

    Parameters
    ----------
    png
        The map at one pixel per pixel.
    shape
        (height, width) of the map.
    """
    height, width = shape
    return (
        f'<figure class="ds-figure" style="--w:{width}px;--aspect:{width / height:.6f}">'
        f'<div class="ds-frame"><img src="data:image/png;base64,{base64.b64encode(png).decode()}" '
        f'width="{width}" height="{height}" alt="{escape(alt, quote=True)}"></div>'
        f'<figcaption class="ds-title">{escape(title)}</figcaption></figure>'
    )
