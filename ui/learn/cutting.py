"""Steps one to four: the cut, the kernel, the staircase, total variation."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from design_core.kernels.kernel import ThresholdKernel, binarize, tile
from design_core.kernels.patterns import bayer, uniform
from design_core.kernels.published import PUBLISHED
from design_core.output.drawing import (
    Cells,
    bits_png,
    grey_levels,
    grey_png,
    heat_png,
    threshold_shades,
)
from design_core.pictures.samples import SAMPLES
from design_core.scores import activation_density, total_variation, tv_map
from design_core.scores.lessons import flips, kept_differences, ramp, running_average, staircase
from ui.charts import frame, ink, show_chart
from ui.figures import map_figure
from ui.learn.figures import (
    bits_figure,
    grey_figure,
    luminance,
    percent,
    row,
    signed,
    table_figure,
)
from ui.learn.step import Dial, Step, Told, explore

__all__ = ["FIRST_STAIR", "STAIRS", "STEPS"]

_PICTURE, _SIZE = "astronaut", 208
_KERNEL = PUBLISHED["2x2-v2"]
# The mouth: Sign makes the small patch +1 throughout, and the larger one holds flips of all kinds.
_ROWS, _COLUMNS = slice(54, 58), slice(100, 104)
_WIDER_ROWS, _WIDER_COLUMNS = slice(52, 60), slice(98, 106)
_CUTS = np.round(np.arange(-1.5, 1.501, 0.05), 2)


# --- one cut


@st.cache_resource(show_spinner=False)
def _kept_by_cut() -> NDArray[np.float64]:
    """Share of differences that each cut of `_CUTS` keeps."""
    x = luminance(_PICTURE, _SIZE)
    return np.array([kept_differences(x, x >= np.float32(cut)) for cut in _CUTS])


_CUT = Dial(
    "learn_cut",
    "Where to cut",
    float(_CUTS[0]),
    float(_CUTS[-1]),
    0.0,
    0.05,
    "In standard deviations of the picture's brightness. Sign cuts at 0.",
)


def _cut() -> Told:
    cut = _CUT.show()
    x = luminance(_PICTURE, _SIZE)
    bits = x >= np.float32(cut)
    kept, most = kept_differences(x, bits), _kept_by_cut().max()
    name = "Sign" if cut == 0 else f"x ≥ {signed(cut)}"
    row(
        grey_figure(x, _PICTURE, "Before the cut, x"),
        bits_figure(
            bits,
            f"After it, {name}",
            f"{SAMPLES[_PICTURE].alt} Cut at {signed(cut)} into two tones; "
            f"{percent(kept)} of the differences between neighbours are left.",
        ),
    )
    return Told(
        "One cut keeps the outline and loses the rest.",
        "A binary network keeps one bit per activation: +1 where the value x reaches a threshold, "
        "−1 elsewhere. Sign puts that threshold at 0. All values on one side of it become the "
        f"same: of the neighbouring pixels that differ in this picture, **{percent(kept)}** still "
        f"differ after this cut. Move it: no single cut keeps more than {percent(most)}.",
        explore(picture=_PICTURE, size=_SIZE, source="picture", strength=0, offset=cut),
    )


# --- a threshold kernel

_STRENGTH = Dial(
    "learn_strength",
    "Strength",
    0.0,
    1.5,
    1.0,
    0.05,
    "Factor on every threshold: 0 is plain Sign, 1 is the kernel as published.",
)


def _kernel() -> Told:
    strength = _STRENGTH.show()
    kernel = _KERNEL.scaled(strength=strength)
    x = luminance(_PICTURE, _SIZE)
    bits = binarize(x, kernel)
    patch, cut = x[_ROWS, _COLUMNS], bits[_ROWS, _COLUMNS]
    thresholds = tile(kernel.thresholds, 1, *x.shape)[0][_ROWS, _COLUMNS]
    where = f"rows {_ROWS.start}–{_ROWS.stop - 1}, columns {_COLUMNS.start}–{_COLUMNS.stop - 1}"
    signs = tuple(tuple("+1" if bit else "−1" for bit in line) for line in cut)
    picture = bits_figure(
        bits,
        f"DeSign at strength {strength:.2f}" if strength else "DeSign at strength 0 is Sign",
        f"{SAMPLES[_PICTURE].alt} Cut by the kernel [{kernel}] at strength {strength:.2f}: "
        f"{percent(float(activation_density(bits)))} of the bits are +1.",
    )
    row(
        picture,
        table_figure(
            Cells(grey_levels(patch).astype(np.int64), _texts(patch)),
            "x at the mouth",
            f"Values of x at {where}: {_said(patch)}.",
        ),
        table_figure(
            Cells(threshold_shades(thresholds), _texts(thresholds), kernel.shape[1:]),
            "T, the kernel repeated",
            f"The thresholds there: {_said(kernel.thresholds[0])}, repeated.",
        ),
        table_figure(
            Cells(cut, signs),
            "x ≥ T",
            f"The bits there: {int(cut.sum())} of {cut.size} are +1.",
        ),
        widths="2fr 1fr 1fr 1fr",
    )
    off = int((~cut).sum())
    return Told(
        "A threshold kernel moves the cut from pixel to pixel.",
        "DeSign compares each pixel with a threshold of its own. The thresholds are a small table, "
        f"the kernel, repeated over the map: pixel (i, j) meets T[i mod {kernel.shape[1]}, "
        f"j mod {kernel.shape[2]}]. Look at the mouth: Sign turns all {cut.size} pixels of the "
        f"patch into +1, DeSign **{off or 'none'}** of them into −1. Strength multiplies every "
        "threshold; at 0 DeSign is Sign.",
        explore(picture=_PICTURE, size=_SIZE, source="picture", strength=strength),
    )


def _texts(values: NDArray[np.floating]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(signed, line)) for line in values.tolist())


def _said(values: NDArray[np.floating]) -> str:
    return "; ".join(" ".join(line) for line in _texts(values))


# --- the staircase

_RAMP_WIDTH, _RAMP_ROWS = 240, 12
#: Kernels by the code that stands for them in a link.
STAIRS: dict[str, ThresholdKernel] = {
    "uniform-1": uniform(1),
    "2x2-v2": PUBLISHED["2x2-v2"],
    "3x3-symmetric-v2": PUBLISHED["3x3-symmetric-v2"],
    "bayer-4": bayer(4),
}
FIRST_STAIR = "bayer-4"


def _stair() -> Told:
    st.session_state.setdefault("learn_stair", FIRST_STAIR)
    chosen = st.segmented_control(
        "Kernel",
        list(STAIRS),
        required=True,
        key="learn_stair",
        persist_state="session",
        format_func=lambda name: f"{name}, {_count(STAIRS[name])}",
    )
    name = chosen or FIRST_STAIR
    kernel = STAIRS[name]
    x = ramp(_RAMP_WIDTH, _RAMP_ROWS)
    bits = binarize(x, kernel)
    strips = {
        "x, a ramp": grey_png(x),
        "Sign": bits_png(x >= 0),
        f"DeSign, {name}": bits_png(bits),
        "its local average": grey_png(_average(bits, kernel), black=0, white=1),
    }
    st.html(
        '<div class="ds-strips">'
        + "".join(
            map_figure(png, shape=(_RAMP_ROWS, _RAMP_WIDTH), title=title, alt=_strip_alt(title))
            for title, png in strips.items()
        )
        + "</div>"
    )
    steps = len(np.unique(kernel.levels))
    show_chart(
        _stair_chart(kernel, x[0]),
        title="Share of bits that are +1 on a patch of value x",
        alt=f"Sign: one step from 0 to 1 at x = 0. DeSign with {name}: {_steps_said(kernel)}.",
        key="stair",
    )
    return Told(
        "Different thresholds side by side turn one step into a staircase.",
        "Take a ramp from dark to light. Sign steps once, so a patch is either all −1 or all +1. "
        f"This kernel has **{steps} different threshold{'s' * (steps > 1)}**, so the share of +1 "
        f"in a patch takes **{steps + 1} levels**. The next layer sums over neighbours, and so it "
        "can read grey levels that no single bit holds.",
        explore(kernel=name, picture="ramp", size=_SIZE, source="picture"),
    )


def _count(kernel: ThresholdKernel) -> str:
    count = len(np.unique(kernel.levels))
    return f"{count} threshold{'s' * (count > 1)}"


def _average(bits: NDArray[np.bool_], kernel: ThresholdKernel) -> NDArray[np.float64]:
    return np.tile(running_average(bits, kernel.shape[2]), (_RAMP_ROWS, 1))


def _strip_alt(title: str) -> str:
    return f"{title[0].upper()}{title[1:]}, from −2.5 at the left to 2.5 standard deviations."


def _steps_said(kernel: ThresholdKernel) -> str:
    places = np.unique(kernel.thresholds)
    return ", ".join(
        f"{percent(share, 0)} from x = {place:.2f}"
        for place, share in zip(places, staircase(kernel, places), strict=True)
    )


def _stair_chart(kernel: ThresholdKernel, x: NDArray[np.float32]) -> go.Figure:
    colours = ink()
    chart = go.Figure()
    sign = (x >= 0).astype(np.float32)
    for values, colour, label, width in (
        (sign, colours.sign, "Sign", 2),
        (staircase(kernel, x).astype(np.float32), colours.this, "DeSign", 3),
    ):
        chart.add_scatter(
            x=x,
            y=values,
            mode="lines",
            name=label,
            line={"color": colour, "width": width, "shape": "hv"},
            hovertemplate=f"{label}<br>x %{{x:.2f}}: %{{y:.0%}}<extra></extra>",
        )
    for label, place, colour, side in (
        ("Sign", 0.0, colours.sign, "right"),
        ("DeSign", float(kernel.thresholds.max()), colours.this, "left"),
    ):
        chart.add_annotation(
            x=place,
            y=0.9 if label == "Sign" else 0.72,
            xanchor=side,
            xshift=-8 if side == "right" else 8,
            text=f"<b>{label}</b>",
            showarrow=False,
            font={"size": 13, "color": colour},
        )
    frame(chart, "x, standard deviations", "share of +1", height=230)
    chart.update_yaxes(tickformat=".0%", range=[-0.05, 1.05])
    return chart


# --- total variation

_FLIP_STRENGTH = Dial(
    "learn_flips",
    "Strength",
    0.0,
    1.5,
    1.0,
    0.05,
    "Factor on every threshold of the kernel: 0 is plain Sign.",
)


def _variation() -> Told:
    strength = _FLIP_STRENGTH.show()
    kernel = _KERNEL.scaled(strength=strength)
    x = luminance(_PICTURE, _SIZE)
    bits = binarize(x, kernel)
    sign, design = float(total_variation(x >= 0)), float(total_variation(bits))
    patch = bits[_WIDER_ROWS, _WIDER_COLUMNS]
    found = flips(patch)
    right, down = int(found.right.sum()), int(found.down.sum())
    row(
        table_figure(
            Cells(patch, right=found.right, down=found.down),
            f"{patch.shape[0]} × {patch.shape[1]} pixels at the mouth: "
            f"TV {found.total_variation:.3f}",
            f"64 bits with {right} flips to the right and {down} downwards, drawn blue.",
        ),
        map_figure(
            heat_png(tv_map(bits)),
            shape=(x.shape[0], x.shape[1]),
            title=f"The whole picture: TV {design:.3f}",
            alt=f"Where the bits of DeSign flip, yellow where both neighbours differ. Total "
            f"variation {design:.3f}. {SAMPLES[_PICTURE].alt}",
        ),
    )
    return Told(
        "Total variation counts where neighbouring bits differ.",
        "Compare each bit with its right and its lower neighbour. Total variation, TV, is the "
        "share of flips to the right plus the share of flips downwards: 0 for a flat map, 2 for a "
        f"checkerboard. In the patch, {right} of {found.right.size} and {down} of "
        f"{found.down.size} flip: **{found.total_variation:.3f}**. Over the whole picture Sign "
        f"has {sign:.3f} and DeSign **{design:.3f}**.",
        explore(picture=_PICTURE, size=_SIZE, source="picture", view="tv", strength=strength),
    )


STEPS = (
    Step("cut", "One cut", _cut, _CUT),
    Step("kernel", "A threshold kernel", _kernel, _STRENGTH),
    Step("staircase", "The staircase", _stair),
    Step("variation", "Total variation", _variation, _FLIP_STRENGTH),
)
