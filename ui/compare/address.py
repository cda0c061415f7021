"""The address of Compare: filters, panel, the pair, and what the panels are set to."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from design_core.study.ablation import ablation_cells
from ui.compare import keys
from ui.compare.corruption_panel import ALL, CORRUPTION_NAMES
from ui.compare.filters import AFFINE, data_options, options
from ui.compare.learning_panel import FIRST_TARGET, LEARNING
from ui.compare.wrong_panel import SIDES
from ui.links.fields import Address, Field, State, choice, several, slug, whole
from ui.networks import cards

__all__ = ["COMPARE", "OVERVIEW", "PANELS", "offered_panels"]

OVERVIEW, LEARN, BATCH_NORM, WRONG = "Overview", "Learning", "Batch norm", "Who got it wrong"
CONFUSION, CLASSES, DENSITY, ANSWERS = "Confusion", "Classes", "Density", "Answers"
PICTURES, CORRUPTED, ABLATION = "One-bit pictures", "Corruptions", "Ablation"
#: In the order of the page.
PANELS = (
    *(OVERVIEW, PICTURES, LEARN, BATCH_NORM, CORRUPTED, ABLATION),
    *(WRONG, CONFUSION, CLASSES, DENSITY, ANSWERS),
)


def offered_panels() -> list[str]:
    """The panels that have something to show; the ablation has nothing before it is trained."""
    return [panel for panel in PANELS if panel != ABLATION or ablation_cells(cards())]


def _on(*panels: str) -> Any:
    return lambda state: state.get(keys.PANEL, OVERVIEW) in panels


def _read_data(state: State) -> str:
    first = data_options(cards())[0]
    chosen = str(state.get(keys.ZOO_DATA, first))
    return "" if chosen == first else slug(chosen)


def _write_data(code: str) -> dict[str, Any]:
    offered = data_options(cards())
    for name in offered:
        if slug(name) == (code or slug(offered[0])):
            return {keys.ZOO_DATA: name}
    raise ValueError(f"no network knows the data set {code[:40]!r}")


def _values(quantity: str) -> list[str]:
    return options(cards(), quantity)


def _network(key: str, name: str) -> Field:
    """One of the pair; as the page opens, the page chooses it."""

    def read(state: State) -> str:
        return str(state.get(key) or "")

    def write(code: str) -> dict[str, Any]:
        if code and code not in {card.name for card in cards()}:
            raise ValueError(f"there is no network {code[:60]!r}")
        return {key: code or None}

    return Field(name, read, write)


def _seed(key: str, name: str) -> Field:
    def write(code: str) -> dict[str, Any]:
        if code and not re.fullmatch(r"[0-9]{1,6}", code):
            raise ValueError(f"a seed is a number, not {code[:20]!r}")
        return {key: int(code) if code else None}

    def read(state: State) -> str:
        return str(state.get(key) or "")  # seed 0 is what the page opens with

    return Field(name, read, write)


COMPARE = Address(
    "compare",
    (),
    (
        Field("data", _read_data, _write_data),
        choice(keys.ZOO_AFFINE, AFFINE, AFFINE[0], name="batchnorm"),
        *(
            several(f"zoo_{quantity}", partial(_values, quantity), [], name=quantity)
            for quantity in ("activation", "recipe", "width")
        ),
        choice(keys.PANEL, PANELS, OVERVIEW, name="panel"),
        choice(keys.LEARNING_QUANTITY, LEARNING, LEARNING[0], name="quantity").only(_on(LEARN)),
        whole(keys.LEARNING_TARGET, 1, 100, FIRST_TARGET, name="target").only(_on(LEARN)),
        _network("compare_first", "first").only(_on(WRONG, CONFUSION, CLASSES)),
        _network("compare_second", "second").only(_on(WRONG, CONFUSION, CLASSES)),
        _seed("compare_first_seed", "first_seed").only(_on(WRONG)),
        _seed("compare_second_seed", "second_seed").only(_on(WRONG)),
        choice(keys.WRONG_SIDE, SIDES, SIDES[0], name="side").only(_on(WRONG)),
        choice(keys.CORRUPTION, CORRUPTION_NAMES, ALL, name="corruption").only(_on(CORRUPTED)),
    ),
)
