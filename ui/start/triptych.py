"""One picture, as it is and cut two ways: what a newcomer sees first."""

from __future__ import annotations

import streamlit as st

from design_core.kernels.kernel import binarize
from design_core.kernels.patterns import PATTERNS, uniform
from design_core.output.drawing import bits_png, picture_png
from design_core.pictures import fit
from design_core.pictures.feature_maps import picture_maps
from design_core.pictures.samples import SAMPLES, sample
from ui.figures import kernel_image, map_figure

__all__ = ["triptych"]

_SAMPLE = "chelsea"
_SIDE = 144  # pixels of the longest side: two beside each other on a phone
_CELL = 12  # pixels of a kernel's cell: too small for its levels, which do not matter here


@st.cache_resource(show_spinner=False)
def triptych() -> str:
    """The picture, Sign's bits and DeSign's bits, each with the thresholds that cut it, as HTML."""
    picture = fit(sample(_SAMPLE), _SIDE)
    x = picture_maps(picture, "picture").x
    alt = SAMPLES[_SAMPLE].alt
    figures = [
        map_figure(picture_png(picture), shape=x.shape[1:], title="The picture", alt=alt),
    ]
    for name, words, kernel in (
        ("Sign", "one threshold for all pixels", uniform(size=4).scaled(strength=0)),
        ("DeSign", "thresholds that change from pixel to pixel", PATTERNS["bayer"].at_quantiles(4)),
    ):
        title = f"{name}: {words}"
        bits = binarize(x, kernel)[0]
        figure = map_figure(bits_png(bits), shape=bits.shape, title=title, alt=f"{title}. {alt}")
        figures.append(f"<div>{figure}{kernel_image(kernel, cell=_CELL)}</div>")
    return f'<div class="ds-first">{"".join(figures)}</div>'
