"""Explore: one picture cut two ways, and what each cut keeps."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from design_core.output.drawing import bits_png
from design_core.output.exports import bits_npz, strength_sweep
from design_core.output.figures import activation_figure, figure_caption, save_figure
from design_core.output.reproduce import map_recipe
from design_core.pictures.feature_maps import FeatureMaps
from design_core.pictures.samples import SAMPLES
from design_core.scores.comparison import ActivationScores, finding
from ui.compute import compared, is_fitted, maps_of
from ui.entry import require_entry
from ui.explore.address import EXPLORE, kept_entries, start_of
from ui.links.pins import Preview
from ui.rail.controls import rail
from ui.share.address import arrivals, arrive
from ui.share.panel import share
from ui.share.reproduce import recipe_expander, subject_of
from ui.viewer import ViewerState, viewer

TITLES = {"sign": "Sign", "design": "DeSign", "relu": "ReLU"}


def score_table(one: dict[str, ActivationScores], x: np.ndarray) -> pd.DataFrame:
    """Every score of the map, activations in columns."""
    columns = {}
    for name, scored in one.items():
        psnr, ssim = scored.fidelity(x)
        columns[TITLES[name]] = {
            "Total variation, anisotropic": scored.tv[0],
            "Total variation, isotropic": scored.tv_isotropic[0],
            "Activation density": scored.density[0],
            "Entropy of 2×2 blocks, bits per pixel": scored.entropy_2x2[0],
            "Correlation with the pre-activation": scored.correlation[0],
            "PSNR of the local average, dB": psnr[0],
            "SSIM of the local average": ssim[0],
        }
    return pd.DataFrame(columns)


def downloads(stem: str, maps: FeatureMaps, shown: ViewerState) -> None:
    """Files of what is on screen; each is made when it is asked for."""
    x, channel = maps.x[shown.selected], shown.selected

    def figure(use: str, file_format: str) -> bytes:
        drawn = activation_figure(x, shown.kernel, channel=channel, use=use)
        return save_figure(drawn, file_format)

    files: list[tuple[str, str, Callable[[], bytes]]] = [
        ("Bits of all maps, NPZ", "npz", lambda: bits_npz(maps.x, shown.kernel, names=maps.names)),
        ("Figure for a paper, PDF", "pdf", lambda: figure("paper", "pdf")),
        ("Figure for a slide, SVG", "svg", lambda: figure("slide", "svg")),
        (
            "From Sign to DeSign, GIF",
            "gif",
            lambda: strength_sweep(x, shown.kernel, channel=channel, factor=2),
        ),
    ]
    with st.container(horizontal=True):
        for label, suffix, make in files:
            st.download_button(
                label,
                make,
                file_name=f"design-{Path(stem).stem}.{suffix}",
                icon=":material/download:",
                key=f"take-{suffix}",
                on_click="ignore",
            )
    st.caption("Caption for the figure")
    st.code(
        figure_caption(x, shown.kernel, channel=channel, map_name=maps.names[channel]),
        language=None,
        wrap_lines=True,
    )


require_entry()
arrive(EXPLORE)
bench = rail()
maps = maps_of(bench.scene)
picture = bench.scene.picture
height, width = maps.x.shape[1:]

heading = st.empty()
about = (picture.name, f"{width} × {height} px", *picture.notes)
st.html(f'<p class="ds-note">{escape(" · ".join(about))}</p>')
shown = viewer(
    maps.x,
    bench.kernel,
    names=maps.names,
    picture_alt=SAMPLES[picture.name].alt if picture.name in SAMPLES else picture.name,
    key="viewer",
    start=start_of(st.session_state, bench.scene, bench.kernel, maps.x.shape),
    revision=arrivals(),
)
st.session_state.update(kept_entries(bench.scene, bench.kernel, shown))

x = maps.x[shown.selected][None]
one = compared(bench.scene, shown.selected, shown.kernel)
sentence = finding(one["sign"], one["design"])
heading.html(f'<h1 class="ds-finding">{escape(sentence)}</h1>')

with st.expander("All scores of this map"):
    st.dataframe(score_table(one, x), alt="Scores of Sign, DeSign and ReLU on this map")
    st.caption(
        "Bits count 0 and 1. Block entropy is taken apart by place in the kernel, so that a kernel "
        "is not credited for its own pattern. PSNR and SSIM compare a 5×5 average of the output, "
        "brought to the scale of the pre-activation, with the pre-activation."
    )
with st.expander("Take it with you"):
    downloads(picture.name, maps, shown)
recipe_expander(
    lambda: map_recipe(
        subject_of(bench.scene),
        shown.kernel,
        channel=shown.selected,
        fitted=is_fitted(bench.scene, shown.kernel),
    )
)
share(
    EXPLORE,
    about=sentence,
    preview=lambda: Preview(bits_png(one["design"].output[0]), (height, width)),
)
