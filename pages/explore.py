"""Explore: one picture cut two ways, and what each cut keeps."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from design_core.comparison import ActivationScores, finding
from design_core.drawing import grey_png
from design_core.samples import SAMPLES
from ui.compute import compared, maps_of
from ui.entry import require_entry
from ui.figures import map_figure
from ui.rail import rail
from ui.viewer import viewer

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


require_entry()
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
)

x = maps.x[shown.selected][None]
one = {name: scored[shown.selected] for name, scored in compared(bench.scene, shown.kernel).items()}
heading.html(f'<h1 class="ds-finding">{escape(finding(one["sign"], one["design"]))}</h1>')

with st.expander("ReLU, and all scores of this map"):
    left, right = st.columns([1, 2])
    left.html(
        map_figure(
            grey_png(one["relu"].output[0], black=0),
            shape=(height, width),
            title="ReLU",
            alt=f"ReLU of the map, black at 0, white from 2.5: TV {one['relu'].tv[0]:.3f}.",
        )
    )
    right.dataframe(score_table(one, x), alt="Scores of Sign, DeSign and ReLU on this map")
    right.caption(
        "Bits count 0 and 1. Block entropy is taken apart by place in the kernel, so that a kernel "
        "is not credited for its own pattern. PSNR and SSIM compare a 5×5 average of the output, "
        "brought to the scale of the pre-activation, with the pre-activation."
    )
