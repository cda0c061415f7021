"""Strength against kernel size, or against scaling, on one's own picture."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.spec import rescaled
from design_core.output.drawing import bits_png
from design_core.scores import activation_density, total_variation
from ui.compute import Scene, fitted_scale, maps_of
from ui.design import keys
from ui.design.desk import Desk
from ui.figures import map_figure

__all__ = ["sweep_panel"]

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
FIRST_STRENGTHS = (0.0, 0.5, 1.0, 1.5)
_PATTERNS_SWEPT = ("bayer", "blue-noise", "checkerboard", "uniform", "random")
ACROSS = (
    "Scalings of this kernel",
    *(f"{PATTERNS[name].title} sizes" for name in _PATTERNS_SWEPT),
)
_SIZES = (1, 2, 4, 8)


@dataclass(frozen=True)
class _Swept:
    png: bytes
    tv: float
    density: float


@st.cache_resource(
    scope="session",
    max_entries=128,
    show_spinner=False,
    hash_funcs={
        Scene: lambda scene: scene.content,
        ThresholdKernel: lambda kernel: str(kernel.to_dict()),
    },
)
def _swept(scene: Scene, kernel: ThresholdKernel, index: int) -> _Swept:
    x = maps_of(scene).x
    # The map keeps its number: it is what decides the slice that cuts it.
    bits = binarize(x[: index + 1], kernel)[index]
    tv, density = total_variation(bits), activation_density(bits)
    return _Swept(bits_png(bits), float(tv), float(density))


def sweep_panel(desk: Desk, scene: Scene) -> None:
    """Controls and the grid."""
    maps = maps_of(scene)
    left, middle, right = st.columns([2, 3, 2])
    across = left.selectbox(
        "Across",
        ACROSS,
        key=keys.SWEEP_ACROSS,
        persist_state="session",
    )
    strengths = middle.multiselect(
        "Strengths",
        STRENGTHS,
        default=FIRST_STRENGTHS,
        key=keys.SWEEP_STRENGTHS,
        persist_state="session",
        help="Factor on every threshold, one row each; 0 is plain Sign.",
    )
    index = right.selectbox(
        "Map", range(len(maps.names)), format_func=lambda place: maps.names[place], key="sweep_map"
    )
    kernels = _scalings(desk.kernel, scene) if across.startswith("Scal") else _sizes(across)
    if not strengths:
        st.info("Choose at least one strength.", icon=":material/info:")
        return
    st.html(_grid(scene, kernels, sorted(strengths), min(index, len(maps.names) - 1)))


def _scalings(kernel: ThresholdKernel, scene: Scene) -> dict[str, ThresholdKernel]:
    """The kernel under each scaling that has values for its levels, by the scaling's name."""
    found = {}
    for name in ("published", "lloyd-max", "quantile", "matlab", "data"):
        try:
            found[name] = (
                kernel.with_scale(fitted_scale(scene, kernel.level_set))
                if name == "data"
                else rescaled(kernel, name).scaled(offset=0.0)
            )
        except ValueError:
            continue
    if kernel.scale.name == "custom":
        found = {"custom": kernel}
    return found


def _sizes(across: str) -> dict[str, ThresholdKernel]:
    pattern = next(one for one in PATTERNS.values() if across == f"{one.title} sizes")
    return {f"{side} × {side}": pattern(side) for side in _SIZES if side in pattern.sizes}


def _grid(
    scene: Scene, kernels: dict[str, ThresholdKernel], strengths: list[float], index: int
) -> str:
    """Maps at one pixel per pixel, enlarged by the browser in whole factors."""
    height, width = maps_of(scene).x.shape[1:]
    parts = [
        f'<div class="ds-sweep" style="--n:{len(kernels)};--map:{width}px"><span></span>',
        *(f'<b class="ds-across">{escape(title)}</b>' for title in kernels),
    ]
    for strength in strengths:
        parts.append(f'<b class="ds-down" title="strength">× {strength:g}</b>')
        for title, kernel in kernels.items():
            swept = _swept(scene, kernel.scaled(strength=strength), index)
            words = f"{swept.tv:.3f} edges per pixel, fires on {swept.density:.1%}"
            alt = f"{scene.picture.name} cut with {title}, strength {strength:g}: {words}."
            parts.append(map_figure(swept.png, shape=(height, width), title=words, alt=alt))
    return "".join(parts) + "</div>"
