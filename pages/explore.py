"""Explore: one picture cut two ways, and what each cut keeps."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from design_core.comparison import ActivationScores, finding
from design_core.drawing import bits_png, grey_png, heat_png
from design_core.scores import total_variation, tv_map
from ui.compute import compared, maps_of
from ui.figures import gallery, map_figure, numbers, pair_and_rest, score_numbers
from ui.rail import rail

TITLES = {"sign": "Sign", "design": "DeSign", "relu": "ReLU"}


def bits_figure(name: str, scored: ActivationScores, *, heat: bool) -> str:
    """Sign or DeSign, large: its bits, or where its total variation sits."""
    bits = scored.output[0]
    shown = "total variation of the bits" if heat else "bits"
    return map_figure(
        heat_png(tv_map(bits)) if heat else bits_png(bits),
        shape=bits.shape,
        title=TITLES[name],
        mark=f"ds-{name}",
        alt=f"{TITLES[name]}, {shown}: total variation {scored.tv[0]:.3f}, density "
        f"{scored.density[0]:.1%}, {scored.entropy_2x2[0]:.3f} bits per pixel.",
        caption=score_numbers(scored),
    )


def values_figure(title: str, values: np.ndarray, *, black: float) -> str:
    """A real-valued map, small, in grey from `black` to 2.5 (white)."""
    tv = f"{total_variation(values):.3f}"
    return map_figure(
        grey_png(values, black=black),
        shape=values.shape,
        title=title,
        alt=f"{title}, grey from {black:g} to 2.5: total variation {tv}.",
        caption=numbers({"TV": tv}, small=True),
        tall="24vh",
    )


def thumbnail(bits: np.ndarray, title: str, scored: ActivationScores) -> str:
    """One map of the gallery."""
    tv = f"TV {scored.tv[0]:.3f}"
    return map_figure(
        bits_png(bits),
        shape=bits.shape,
        title=title,
        alt=f"{title}: {tv}.",
        caption=f'<p class="ds-note">{tv}, fires on {scored.density[0]:.0%}</p>',
        tall="1px",
    )


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


bench = rail()
maps = maps_of(bench.scene)
scores = compared(bench.scene, bench.kernel)
x = maps.x[bench.map_index][None]
one = {name: scored[bench.map_index] for name, scored in scores.items()}

st.html(f'<h1 class="ds-finding">{escape(finding(one["sign"], one["design"]))}</h1>')
picture = bench.scene.picture
about = (
    picture.name,
    f"{x.shape[2]} × {x.shape[1]} px",
    f"map: {maps.names[bench.map_index]}",
    *picture.notes,
)
with st.container(horizontal=True, vertical_alignment="center"):
    st.html(f'<p class="ds-note">{escape(" · ".join(about))}</p>')
    heat = st.toggle(
        "TV heat map",
        key="heat",
        persist_state="session",
        help="Colours each pixel by how many of its right and lower neighbours differ: 0, 1 or 2.",
    )

st.html(
    pair_and_rest(
        (
            bits_figure("sign", one["sign"], heat=heat),
            bits_figure("design", one["design"], heat=heat),
        ),
        (
            values_figure("Pre-activation", x[0], black=-2.5),
            values_figure("ReLU", one["relu"].output[0], black=0),
        ),
    )
)

with st.expander("All scores of this map"):
    st.dataframe(
        score_table(one, x),
        alt="Scores of Sign, DeSign and ReLU on this map",
    )
    st.caption(
        "Bits count 0 and 1. Block entropy is taken apart by place in the kernel, so that a kernel "
        "is not credited for its own pattern. PSNR and SSIM compare a 5×5 average of the output, "
        "brought to the scale of the pre-activation, with the pre-activation."
    )

if len(maps.names) > 1:
    name = st.segmented_control(
        "All maps",
        ["sign", "design"],
        default="design",
        required=True,
        format_func=TITLES.__getitem__,
        key="gallery",
        persist_state="session",
    )
    shown = [thumbnail(bits, f"{i}", scores[name][i]) for i, bits in enumerate(scores[name].output)]
    st.html(gallery(shown, cell=x.shape[2]))
