"""The way back: states of a page in the order in which they were left."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["MAX_STEPS", "History"]

#: Older states are not kept.
MAX_STEPS = 100

Parameters = dict[str, str]


@dataclass
class History:
    """States of one page, as parameters of its address.

    Attributes
    ----------
    past, future
        States to undo to, the latest last, and to redo to, the next last.
    present
        The state on screen; None before the first.
    """

    past: list[Parameters] = field(default_factory=list)
    future: list[Parameters] = field(default_factory=list)
    present: Parameters | None = None
    moved: bool = False

    def record(self, parameters: Parameters) -> None:
        """Take in what is on screen; a step of its own where it differs from what was."""
        if not self.moved and self.present is not None and self.present != parameters:
            self.past = [*self.past, self.present][-MAX_STEPS:]
            self.future = []
        # After undo and redo, what is on screen stands for the step, though it may differ: a
        # picture may be gone, or a number be limited by another.
        self.moved = False
        self.present = parameters

    def undo(self) -> Parameters | None:
        """Go back by a step; the parameters to open, None where there is no step."""
        return self._move(self.past, self.future)

    def redo(self) -> Parameters | None:
        """Go forward again by a step; the parameters to open, None where there is no step."""
        return self._move(self.future, self.past)

    def _move(self, origin: list[Parameters], other: list[Parameters]) -> Parameters | None:
        if not origin:
            return None
        if self.present is not None:
            other.append(self.present)
        self.present = origin.pop()
        self.moved = True
        return self.present
