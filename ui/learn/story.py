"""The story in its order, and its address."""

from __future__ import annotations

from ui.learn import cutting, judging, networks
from ui.learn.step import Step
from ui.links.fields import Address, Field, State, choice, number, text

__all__ = ["ADDRESS", "CURRENT", "STEPS", "moved"]

STEPS: dict[str, Step] = {
    step.key: step for step in (*cutting.STEPS, *judging.STEPS, *networks.STEPS)
}
#: Where the session keeps the step that is shown.
CURRENT = "learn_step"

_FIRST = next(iter(STEPS))


def moved(key: str, by: int) -> str:
    """The step `by` steps further; the first and the last stay."""
    keys = list(STEPS)
    return keys[min(len(keys) - 1, max(0, keys.index(key) + by))]


def _on(key: str, field: Field) -> Field:
    """A field that counts while its step is shown."""

    def is_shown(state: State) -> bool:
        return bool(state.get(CURRENT, _FIRST) == key)

    return field.only(is_shown)


def _dials() -> list[Field]:
    found = [(step.key, step.dial) for step in STEPS.values() if step.dial]
    return [
        _on(key, number(dial.key, dial.low, dial.high, dial.start, name=dial.name))
        for key, dial in found
    ]


ADDRESS = Address(
    "learn",
    (),
    (
        choice(CURRENT, tuple(STEPS), _FIRST, name="step"),
        *_dials(),
        _on(
            "staircase",
            choice("learn_stair", tuple(cutting.STAIRS), cutting.FIRST_STAIR, name="kernel"),
        ),
        _on("trained", text("learn_block", 40, name="block")),
    ),
)
