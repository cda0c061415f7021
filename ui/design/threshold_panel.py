"""From levels to thresholds: the scale, drawn over the distribution of x."""

from __future__ import annotations

import streamlit as st

from design_core.browser.limits import REACH
from design_core.kernels.spec import rescaled
from design_core.scaling import SCALE_NAMES
from ui.charts import show_chart
from ui.compute import Scene, fitted_scale
from ui.design import keys
from ui.design.desk import Desk
from ui.design.landscapes import distribution_of, normal
from ui.text import plain
from ui.threshold_chart import threshold_chart

__all__ = ["threshold_panel"]

DISTRIBUTIONS = ("Normal model", "Picture")
_SCALES = ("published", "lloyd-max", "quantile", "matlab", "data")


def threshold_panel(desk: Desk, scene: Scene) -> None:
    """Controls of the scale, and the chart."""
    left, right = st.columns([2, 5], gap="large")
    with left:
        _scale_controls(desk, scene)
        over = st.segmented_control(
            "Over",
            DISTRIBUTIONS,
            default=DISTRIBUTIONS[0],
            required=True,
            key=keys.DISTRIBUTION,
            persist_state="session",
            help="A batch-norm output has mean 0 and variance 1. The normal model takes it as "
            "normal, its magnitude as half-normal; the picture shows the real feature maps.",
        )
    distribution = normal() if over == DISTRIBUTIONS[0] else distribution_of(scene)
    density = float(distribution.exceeds(desk.kernel.thresholds).mean())
    title = f"On {distribution.title}, the kernel fires on {density:.1%} (per level: P(x ≥ T))"
    thresholds = sorted(set(desk.kernel.thresholds.ravel().tolist()))[:20]
    with right:
        show_chart(
            threshold_chart(distribution, desk.kernel),
            title=title,
            alt="Thresholds: " + ", ".join(f"{t:.2f}" for t in thresholds),
            key="threshold_chart",
        )


def _scale_controls(desk: Desk, scene: Scene) -> None:
    scale = desk.kernel.scale
    options = _SCALES if scale.name in _SCALES else (*_SCALES, scale.name)
    # The kernel is what holds; undo and presets change it too.
    st.session_state["design_scaling"] = scale.name
    st.selectbox(
        "Scaling",
        options,
        key="design_scaling",
        on_change=_rescale,
        args=(desk, scene),
        help="How levels become thresholds: T = offset + strength · t(level). "
        + " ".join(f"{name}: {SCALE_NAMES[name]}" for name in _SCALES),
    )
    for name, value, help_text in (
        ("strength", scale.strength, "Factor on every threshold; 0 is plain Sign."),
        ("offset", scale.offset, "Added to every threshold, in standard deviations."),
    ):
        st.session_state[f"design_{name}"] = value
        reach = max(REACH, abs(value))
        st.slider(
            name.capitalize(),
            -reach,
            reach,
            step=0.05,
            key=f"design_{name}",
            on_change=_move,
            args=(desk,),
            help=help_text,
        )


def _rescale(desk: Desk, scene: Scene) -> None:
    name, kernel = st.session_state["design_scaling"], desk.kernel
    old = kernel.scale
    try:
        if name == "data":
            fitted = kernel.with_scale(fitted_scale(scene, kernel.level_set))
            desk.change(fitted.scaled(strength=old.strength, offset=old.offset))
        elif name != old.name:
            desk.change(rescaled(kernel, name))
    except ValueError as error:
        st.toast(plain(str(error)), icon=":material/error:")


def _move(desk: Desk) -> None:
    strength, offset = st.session_state["design_strength"], st.session_state["design_offset"]
    desk.change(desk.kernel.scaled(strength=float(strength), offset=float(offset)))
