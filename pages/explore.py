"""Explore: one picture cut two ways, and what each cut keeps."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from design_core.output.drawing import bits_png, picture_png
from design_core.output.exports import bits_npz, strength_sweep
from design_core.output.figures import activation_figure, figure_caption, save_figure
from design_core.output.reproduce import map_recipe
from design_core.pictures import Picture, fit
from design_core.pictures.feature_maps import FeatureMaps, map_words
from design_core.pictures.samples import SAMPLES
from design_core.scores.comparison import ActivationScores, edges_finding, finding
from design_core.scores.registry import SCORES
from design_core.search.for_picture import loss_words
from ui.compute import compared, is_fitted, maps_of
from ui.entry import require_entry
from ui.explore.address import EXPLORE, kept_entries, start_of
from ui.explore.remedies import best_words, remedies
from ui.links.pins import Preview
from ui.rail.controls import rail
from ui.share.address import arrivals, arrive, begin_anew
from ui.share.panel import share
from ui.share.reproduce import recipe_expander, subject_of
from ui.viewer import ViewerState, viewer

_TALL = 1200  # CSS pixels: the window decides
_WHOLE = 200  # pixels of the picture's longest side beside the maps

TITLES = {"sign": "Sign", "design": "DeSign", "relu": "ReLU"}


def score_table(one: dict[str, ActivationScores], x: np.ndarray) -> pd.DataFrame:
    """Every score of the map, activations in columns."""
    columns = {
        TITLES[name]: {score.title: score.measure(scored, x)[0] for score in SCORES.values()}
        for name, scored in one.items()
    }
    return pd.DataFrame(columns)


def colours(picture: Picture) -> bytes:
    """The picture as it was opened, small, as PNG."""
    return picture_png(fit(picture, _WHOLE))


def said(
    picture: Picture,
    maps: FeatureMaps,
    shown: ViewerState,
    one: dict[str, ActivationScores],
    *,
    flat: bool,
) -> str:
    """The lines under the finding: edges, what is cut, and why it may look lost; as HTML."""
    cut = maps.x[shown.selected]
    about = (picture.name, f"{cut.shape[1]} × {cut.shape[0]} px", *picture.notes)
    words = map_words(maps.source, maps.names[shown.selected])
    lines = [f"{' · '.join(about)}. Cut here: {words}."]
    if not flat:
        why = loss_words(cut[None], shown.kernel.for_channel(shown.selected))
        lines.insert(
            0, best_words(shown.kernel) or why or edges_finding(one["sign"], one["design"])
        )
    return "".join(f'<p class="ds-note">{escape(line)}</p>' for line in lines)


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

with st.container(key="follows_bits", gap=None):
    heading = st.empty()
    note = st.empty()
buttons = st.container()
shown = viewer(
    maps.x,
    bench.kernel,
    names=maps.names,
    picture_alt=SAMPLES[picture.name].alt if picture.name in SAMPLES else picture.name,
    height=_TALL,
    whole=colours(picture),
    key="viewer",
    start=start_of(st.session_state, bench.scene, bench.kernel, maps.x.shape),
    revision=arrivals(),
)
st.session_state.update(kept_entries(bench.scene, bench.kernel, shown))

x = maps.x[shown.selected][None]
one = compared(bench.scene, shown.selected, shown.kernel)
sentence = finding(one["sign"], one["design"])
heading.html(f'<h1 class="ds-finding">{escape(sentence)}</h1>')
flat = not np.ptp(x)
note.html(said(picture, maps, shown, one, flat=flat))
with buttons:
    remedies(bench.scene, shown.kernel, flat=flat, begin_anew=begin_anew)

with st.expander("All scores of this map"):
    st.dataframe(score_table(one, x), alt="Scores of Sign, DeSign and ReLU on this map")
    st.caption(
        "Bits count 0 and 1. Information is counted for each place in the kernel alone, so that a "
        "kernel gains nothing by its own pattern. The pattern's edges are those that it shows on "
        "flat fields, each of one value of the map. PSNR and SSIM compare a 5×5 average of the "
        "output, brought to the scale of the pre-activation, with the pre-activation."
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
    preview=lambda: Preview(bits_png(one["design"].output[0]), maps.x.shape[1:]),
)
