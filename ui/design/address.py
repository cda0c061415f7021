"""The address of Design: picture, kernel, what it is scored on, and the panel."""

from __future__ import annotations

from typing import Any

from design_core.kernels.patterns import PATTERNS
from design_core.kernels.spec import decode_kernel, encode_kernel
from ui.design import keys
from ui.design.scoring import FORM_TITLES, MAX_WEIGHT, OBJECTIVES, SOURCES, WEIGHTED
from ui.design.sweep_panel import ACROSS, FIRST_STRENGTHS, STRENGTHS
from ui.design.threshold_panel import DISTRIBUTIONS
from ui.links.fields import Address, Field, State, choice, number, several
from ui.rail.fields import FIRST_KERNEL, PICTURE_FIELDS, named, pattern_of

__all__ = ["DESIGN", "PANELS"]

PANELS = ("Find the best", "Thresholds", "Sweep", "Sizes", "Files and code", "What it selects")


def _read_kernel(state: State) -> str:
    desk = state.get(keys.DESK)
    code = encode_kernel(desk.kernel) if desk else ""
    return "" if code == FIRST_KERNEL else code


def _write_kernel(code: str) -> dict[str, Any]:
    code = code or FIRST_KERNEL
    if pattern := pattern_of(code):
        name, size = pattern
        return {keys.LINKED_KERNEL: PATTERNS[name](size)}
    return {keys.LINKED_KERNEL: named(decode_kernel(code))}


def _is_on(panel: str) -> Any:
    return lambda state: state.get(keys.PANEL) == panel


DESIGN = Address(
    "design",
    PICTURE_FIELDS,
    (
        Field("kernel", _read_kernel, _write_kernel),
        choice(keys.SCORE_SOURCE, SOURCES, SOURCES[0], name="on"),
        choice(keys.SCORE_FORM, tuple(FORM_TITLES), "relu", name="form"),
        choice(keys.SCORE_OBJECTIVE, tuple(OBJECTIVES), "tv", name="by"),
        number(keys.SCORE_WEIGHT, 0, MAX_WEIGHT, 1.0, name="weight").only(
            lambda state: state.get(keys.SCORE_OBJECTIVE) == WEIGHTED
        ),
        choice(keys.PANEL, PANELS, PANELS[0]),
        choice(keys.DISTRIBUTION, DISTRIBUTIONS, DISTRIBUTIONS[0], name="over").only(
            _is_on("Thresholds")
        ),
        choice(keys.SWEEP_ACROSS, ACROSS, ACROSS[0], name="across").only(_is_on("Sweep")),
        several(
            keys.SWEEP_STRENGTHS,
            STRENGTHS,
            FIRST_STRENGTHS,
            name="strengths",
            code=lambda strength: f"{100 * strength:.0f}",
        ).only(_is_on("Sweep")),
    ),
)
