"""The address of Learn: picture, part of the article, and what its numbers are set to."""

from __future__ import annotations

from ui.learn.parts import DIALS, FIRST_STAIR, PARTS, STAIRS
from ui.links.fields import Address, choice, number, text
from ui.rail.fields import PICTURE_FIELDS

__all__ = ["BLOCK", "LEARN", "PART", "STAIR"]

#: Where the session keeps the part that is read, the staircase's kernel, and the layer looked at.
PART, STAIR, BLOCK = "learn_step", "learn_stair", "learn_block"

LEARN = Address(
    "learn",
    PICTURE_FIELDS[:1],
    (
        choice(PART, tuple(PARTS), "start", name="step"),
        *(
            number(dial.key, dial.low, dial.high, dial.start, name=name)
            for name, dial in DIALS.items()
        ),
        choice(STAIR, tuple(STAIRS), FIRST_STAIR, name="kernel"),
        text(BLOCK, 40, name="block"),
    ),
)
