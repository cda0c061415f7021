"""What the lab panels put into the address of Predict."""

from __future__ import annotations

from typing import Any

from design_core.kernels.published import PUBLISHED
from design_core.pictures.perturbations import PERTURBATIONS
from ui.links.fields import Field, State, choice, whole
from ui.predict import keys
from ui.predict.choice import MOST
from ui.predict.lab_choices import (
    COUNTS,
    DIAGNOSE_WAYS,
    FIRST_COUNT,
    FIRST_PERTURBATION,
    MOST_DRAWS,
    OWN_KERNEL,
)

__all__ = ["DIAGNOSE", "LAB_FIELDS", "PERTURB", "STRENGTH"]

PERTURB, DIAGNOSE, STRENGTH = "Perturb", "Diagnose", "Strength"

_PART = "_"  # between a perturbation and its strength, which may be negative
_BLOCKS = 64  # no network has more


def _read_perturbation(state: State) -> str:
    name = state.get(keys.PERTURB_KIND, FIRST_PERTURBATION)
    start = PERTURBATIONS[name].start
    strength = state.get(keys.PERTURB + name, start)
    return "" if (name, strength) == (FIRST_PERTURBATION, start) else f"{name}{_PART}{strength:g}"


def _write_perturbation(code: str) -> dict[str, Any]:
    entries: dict[str, Any] = {keys.PERTURB + one.name: one.start for one in PERTURBATIONS.values()}
    name, _, number = code.partition(_PART) if code else (FIRST_PERTURBATION, "", "")
    if name not in PERTURBATIONS:
        raise ValueError(f"{name[:40]!r} is none of {', '.join(PERTURBATIONS)}")
    by_code = {f"{strength:g}": strength for strength in PERTURBATIONS[name].strengths}
    if number and number not in by_code:
        raise ValueError(f"{number[:40]!r} is none of the strengths {', '.join(by_code)}")
    if number:
        entries[keys.PERTURB + name] = by_code[number]
    return {**entries, keys.PERTURB_KIND: name}


def _read_block(state: State) -> str:
    return str(state.get(keys.DIAGNOSE_BLOCK, ""))


def _write_block(code: str) -> dict[str, Any]:
    """Whether a network has the block shows on the page, which else takes the worst one."""
    words = ("block", "unit")
    known = {"picture", *(f"{word}{k}" for word in words for k in range(1, _BLOCKS))}
    if code and code not in known:
        raise ValueError(f"{code[:40]!r} is no block such as block1")
    return {keys.DIAGNOSE_BLOCK: code}


def _on(panel: str, *fields: Field) -> tuple[Field, ...]:
    """Fields that count on one panel only."""
    return tuple(field.only(lambda state: state.get(keys.PANEL) == panel) for field in fields)


LAB_FIELDS = (
    *_on(
        PERTURB,
        Field("perturb", _read_perturbation, _write_perturbation),
        whole(keys.PERTURB_DRAW, 0, MOST_DRAWS, 0, name="draw").only(
            lambda state: state.get(keys.PERTURB_KIND, FIRST_PERTURBATION) == "noise"
        ),
    ),
    *_on(
        DIAGNOSE,
        whole(keys.DIAGNOSE_NETWORK, 0, MOST - 1, 1, name="diagnose"),
        choice(keys.DIAGNOSE_ON, DIAGNOSE_WAYS, DIAGNOSE_WAYS[0], name="on"),
        Field("block", _read_block, _write_block),
    ),
    *_on(
        STRENGTH,
        choice(keys.STRENGTH_KERNEL, (OWN_KERNEL, *PUBLISHED), OWN_KERNEL, name="scaled").only(
            lambda state: state.get(keys.STRENGTH_KERNEL) in PUBLISHED
        ),
        choice(keys.STRENGTH_COUNT, COUNTS, FIRST_COUNT, name="count"),
    ),
)
