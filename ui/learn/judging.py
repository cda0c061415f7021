"""Steps five to seven: flips are not detail, scaling, batch norm."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.kernels.patterns import uniform
from design_core.kernels.published import PUBLISHED
from design_core.output.drawing import difference_png
from design_core.pictures.samples import SAMPLES
from design_core.scores import activation_density
from design_core.scores.distribution import normal_distribution
from design_core.scores.lessons import (
    Curve,
    absorb,
    alternating,
    disagreement,
    normal_disagreement,
    published_excess,
    strength_curve,
)
from design_core.search.find import SearchResult, find_kernels
from design_core.search.tables import random_convolution_tables
from ui.charts import beside, frame, ink, show_chart
from ui.figures import map_figure
from ui.learn.figures import bits_figure, luminance, percent, row, signed
from ui.learn.step import Dial, Step, Told, explore
from ui.threshold_chart import threshold_chart

__all__ = ["STEPS"]

_KERNEL = PUBLISHED["2x2-v2"]
_SIZE = 208

# --- flips are not detail

_COINS = "coins"
_PUSH = Dial(
    "learn_push",
    "Strength of a checkerboard of thresholds ±1",
    0.0,
    2.5,
    0.75,
    0.05,
    "Factor on the thresholds; at 0 the checkerboard is plain Sign.",
)


@st.cache_resource(show_spinner=False)
def _curve() -> Curve:
    steps = round((_PUSH.high - _PUSH.low) / _PUSH.step)
    strengths = np.round(np.linspace(_PUSH.low, _PUSH.high, steps + 1), 2)
    return strength_curve(luminance(_COINS, _SIZE), alternating(), strengths.tolist())


@st.cache_resource(show_spinner=False)
def _selected(form: str) -> SearchResult:
    """What the paper's objective selects among all 2×2 kernels; exact."""
    tables = random_convolution_tables(OMEGA, form=form)
    return find_kernels(tables, (2, 2), objective="tv", top=1)


def _detail() -> Told:
    strength = _PUSH.show()
    curve = _curve()
    place = int(np.abs(curve.strengths - strength).argmin())
    tv, information = float(curve.tv[place]), float(curve.information[place])
    kernel = alternating().scaled(strength=strength)
    bits = binarize(luminance(_COINS, _SIZE), kernel)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        row(
            bits_figure(
                bits,
                f"TV {tv:.3f}, {information:.3f} bits per pixel",
                f"{SAMPLES[_COINS].alt} Cut by a checkerboard of thresholds ±{strength:.2f}: "
                f"total variation {tv:.3f}, information {information:.3f} bits per pixel.",
            )
        )
    with right:
        show_chart(
            _curve_chart(curve, place),
            title="More strength, more flips; detail peaks and is lost",
            alt=f"Total variation rises from {curve.tv[0]:.3f} to {curve.tv[-1]:.3f}. Information "
            f"rises from {curve.information[0]:.3f} to {curve.information.max():.3f} bits per "
            f"pixel at strength {curve.best:.2f} and falls to {curve.information[-1]:.3f}.",
            key="detail",
        )
    signed_form, relu = _selected("signed"), _selected("relu")
    return Told(
        "More flips are not more picture.",
        "Push a checkerboard of thresholds harder: TV rises to its limit of 2, where only the "
        "checkerboard is left. The information that 2×2 blocks keep of the picture peaks at "
        f"strength **{curve.best:.2f}** and is lost again. So TV alone cannot choose a kernel. On "
        f"random binary convolutions, {signed_form.ties:,} of all {signed_form.kernels:,} kernels "
        f"of 2×2 share its maximum{', plain Sign among them' * signed_form.uniform_ties}; after "
        f"ReLU [{str(relu.best[0].kernel).replace(';', '; ')}] wins, and keeps "
        f"{relu.best[0].information:.2f} bits per pixel.",
        explore(alternating(), picture=_COINS, size=_SIZE, source="picture", strength=strength),
    )


def _curve_chart(curve: Curve, place: int) -> go.Figure:
    colours = ink()
    chart = go.Figure()
    for values, colour, label in (
        (curve.tv, colours.quiet, "total variation, flips"),
        (curve.information, colours.this, "information, bits"),
    ):
        chart.add_scatter(
            x=curve.strengths.astype(np.float32),
            y=values.astype(np.float32),
            mode="lines",
            line={"color": colour, "width": 2.5},
            hovertemplate=f"strength %{{x:.2f}}<br>%{{y:.3f}} {label}<extra></extra>",
        )
        chart.add_scatter(
            x=curve.strengths[place : place + 1].astype(np.float32),
            y=values[place : place + 1].astype(np.float32),
            mode="markers",
            marker={"size": 12, "color": colour, "line": {"color": colours.ground, "width": 2}},
            hoverinfo="skip",
        )
    at = len(curve.strengths) // 2
    for values, colour, label, shift in (
        (curve.tv, colours.quiet, "<b>total variation</b>, flips per pixel", -14),
        (curve.information, colours.this, "<b>information</b>, bits per pixel", 14),
    ):
        beside(chart, float(curve.strengths[at]), float(values[at]), label, colour, shift=shift)
    frame(chart, "strength", "per pixel", height=330)
    chart.update_yaxes(range=[0, 2.1])
    return chart


# --- scaling

_SCALE = Dial(
    "learn_scale",
    "Strength",
    0.0,
    2.0,
    1.0,
    0.05,
    "Factor on every threshold: 0 is plain Sign, 1 the published scale.",
)
_SCALED = "camera"


def _scaling() -> Told:
    strength = _SCALE.show()
    kernel = _KERNEL.scaled(strength=strength)
    normal = normal_distribution()
    fires = float(normal.exceeds(kernel.thresholds).mean())
    x = luminance(_SCALED, _SIZE)
    bits = binarize(x, kernel)
    real = float(activation_density(bits))
    left, right = st.columns([6, 5], gap="medium")
    with left:
        show_chart(
            threshold_chart(normal, kernel),
            title="Where the thresholds cut a normal x: level, and P(x\u00a0≥\u00a0T)",
            alt=f"Bell curve with the thresholds {_thresholds(kernel)}; "
            f"{percent(fires)} of the bits are +1 on the mean over the cells.",
            key="scaling",
        )
    with right:
        row(
            bits_figure(
                bits,
                f"Fires on {percent(real)} of this picture",
                f"{SAMPLES[_SCALED].alt} Cut by [{kernel}] at strength {strength:.2f}: "
                f"{percent(real)} of the bits are +1.",
            )
        )
    low, high = published_excess()
    return Told(
        "Scaling decides how often a bit fires.",
        "Levels are whole numbers, but the cut meets a batch-norm output: mean 0, variance 1. "
        "Scaling puts the levels where a least-squares quantizer (Lloyd–Max) would part |x|; the "
        f"published constants lie {percent(low)} to {percent(high)} above that. All are above 0, "
        f"so at this strength [{str(kernel).replace(';', '; ')}] fires on **{percent(fires)}** of "
        "a normal x, where Sign fires on half.",
        explore(picture=_SCALED, size=_SIZE, source="picture", strength=strength),
    )


def _thresholds(kernel: ThresholdKernel) -> str:
    return ", ".join(signed(value, 3) for value in np.unique(kernel.thresholds).tolist())


# --- batch norm

_BETA = Dial(
    "learn_beta",
    "β of the batch norm before Sign",
    -1.5,
    0.0,
    0.0,
    0.01,
    "Batch norm gives γ·x̂ + β with one γ and one β per channel; here γ = 1.",
)
_ABSORBED = "astronaut"


def _batch_norm() -> Told:
    beta = _BETA.show()
    x = luminance(_ABSORBED, _SIZE)
    flat, shift = uniform(1), -beta
    pictures = []
    for kernel, title in ((flat, "Uniform threshold"), (_KERNEL, f"Pattern [{_KERNEL}]")):
        left = disagreement(x, kernel, shift)
        pictures.append(
            map_figure(
                difference_png(binarize(x, kernel), x >= np.float32(shift)),
                shape=(x.shape[0], x.shape[1]),
                title=f"{title}: {percent(left)} of the bits differ",
                alt=f"{title} against Sign with β = {signed(beta)}: {percent(left)} of the bits "
                f"differ. Orange went off, blue went on. {SAMPLES[_ABSORBED].alt}",
            )
        )
    row(*pictures)
    st.html(
        '<p class="ds-note"><span style="--swatch:#0072B2" class="ds-swatch"></span>Sign fires, '
        'DeSign does not <span style="--swatch:#E69F00" class="ds-swatch"></span>DeSign fires, '
        "Sign does not; grey: they agree</p>"
    )
    best, median = absorb(x, _KERNEL), float(np.median(_KERNEL.thresholds))
    exact = float(normal_disagreement(_KERNEL, median))
    return Told(
        "Batch norm can absorb a shift, but not a pattern.",
        "Sign after batch norm fires where γ·x̂ + β ≥ 0: one threshold, −β/γ, for the whole "
        "channel. A uniform kernel is no more than that, so with "
        f"β = {signed(-float(flat.thresholds.max()))} Sign gives its bits, every one. A pattern "
        f"asks for another threshold in each cell. The best single β leaves **{percent(best.left)}"
        f"** of its bits different here, and {percent(exact)} on a normal x.",
        explore(picture=_ABSORBED, size=_SIZE, source="picture", view="difference"),
    )


STEPS = (
    Step("detail", "Flips are not detail", _detail, _PUSH),
    Step("scaling", "Scaling", _scaling, _SCALE),
    Step("batch-norm", "Batch norm", _batch_norm, _BETA),
)
