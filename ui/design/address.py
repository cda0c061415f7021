"""The address of Design: picture, kernel, what it is scored on, and the panel."""

from __future__ import annotations

from typing import Any

from design_core.kernels.patterns import PATTERNS
from design_core.kernels.spec import decode_kernel, encode_kernel
from ui.design.scoring import FORM_TITLES, OBJECTIVES, SOURCES, WEIGHTED
from ui.design.sweep_panel import ACROSS, FIRST_STRENGTHS, STRENGTHS
from ui.design.threshold_panel import DISTRIBUTIONS
from ui.links.fields import Address, Field, State, choice, number, several
from ui.rail.fields import FIRST_KERNEL, PICTURE_FIELDS, named, pattern_of

__all__ = ["DESIGN", "PANELS"]

PANELS = ("Find the best", "Thresholds", "Sweep", "Files and code", "What it selects")


def _read_kernel(state: State) -> str:
    desk = state.get("desk")
    code = encode_kernel(desk.kernel) if desk else ""
    return "" if code == FIRST_KERNEL else code


def _write_kernel(code: str) -> dict[str, Any]:
    code = code or FIRST_KERNEL
    if pattern := pattern_of(code):
        name, size = pattern
        return {"linked_kernel": PATTERNS[name](size)}
    return {"linked_kernel": named(decode_kernel(code))}


def _is_on(panel: str) -> Any:
    return lambda state: state.get("panel") == panel


DESIGN = Address(
    "design",
    PICTURE_FIELDS,
    (
        Field("kernel", _read_kernel, _write_kernel),
        choice("score_source", SOURCES, SOURCES[0], name="on"),
        choice("score_form", tuple(FORM_TITLES), "relu", name="form"),
        choice("score_objective", tuple(OBJECTIVES), "tv", name="by"),
        number("score_weight", 0, 4, 1.0, name="weight").only(
            lambda state: state.get("score_objective") == WEIGHTED
        ),
        choice("panel", PANELS, PANELS[0]),
        choice("distribution", DISTRIBUTIONS, DISTRIBUTIONS[0], name="over").only(
            _is_on("Thresholds")
        ),
        choice("sweep_across", ACROSS, ACROSS[0], name="across").only(_is_on("Sweep")),
        several(
            "sweep_strengths",
            STRENGTHS,
            FIRST_STRENGTHS,
            name="strengths",
            code=lambda strength: f"{100 * strength:.0f}",
        ).only(_is_on("Sweep")),
    ),
)
