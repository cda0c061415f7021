"""The story in its order."""

from __future__ import annotations

from ui.learn import cutting, judging, networks
from ui.learn.step import Step

__all__ = ["CURRENT", "FIRST", "STEPS", "moved"]

STEPS: dict[str, Step] = {
    step.key: step for step in (*cutting.STEPS, *judging.STEPS, *networks.STEPS)
}
#: Where the session keeps the step that is shown.
CURRENT = "learn_step"

FIRST = next(iter(STEPS))


def moved(key: str, by: int) -> str:
    """The step `by` steps further; the first and the last stay."""
    keys = list(STEPS)
    return keys[min(len(keys) - 1, max(0, keys.index(key) + by))]
