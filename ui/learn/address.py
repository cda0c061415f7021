"""The address of Learn: the step, and what its dials are set to."""

from __future__ import annotations

from ui.learn import cutting
from ui.learn.story import CURRENT, FIRST, STEPS
from ui.links.fields import Address, Field, State, choice, number, text

__all__ = ["LEARN"]


def _on(key: str, field: Field) -> Field:
    """A field that counts while its step is shown."""

    def is_shown(state: State) -> bool:
        return bool(state.get(CURRENT, FIRST) == key)

    return field.only(is_shown)


def _dials() -> list[Field]:
    found = [(step.key, step.dial) for step in STEPS.values() if step.dial]
    return [
        _on(key, number(dial.key, dial.low, dial.high, dial.start, name=dial.name))
        for key, dial in found
    ]


LEARN = Address(
    "learn",
    (),
    (
        choice(CURRENT, tuple(STEPS), FIRST, name="step"),
        *_dials(),
        _on(
            "staircase",
            choice("learn_stair", tuple(cutting.STAIRS), cutting.FIRST_STAIR, name="kernel"),
        ),
        _on("trained", text("learn_block", 40, name="block")),
    ),
)
