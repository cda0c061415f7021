"""The desk of the Design page: the kernel being designed, its history and its snapshots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st

from design_core.kernels.kernel import ThresholdKernel, tile
from design_core.kernels.published import PUBLISHED
from ui.design import keys
from ui.rail.fields import levels_name

__all__ = ["MAX_SNAPSHOTS", "TRANSFORMS", "Desk", "desk", "resized", "take_to_design"]

#: Older steps and further snapshots are not kept.
MAX_STEPS = 200
MAX_SNAPSHOTS = 20

#: What a click does to the whole kernel, by name.
TRANSFORMS: dict[str, Callable[[ThresholdKernel], ThresholdKernel]] = {
    "Complement levels": lambda kernel: kernel.complement(),
    "Shift levels up": lambda kernel: kernel.shifted(1),
    "Shift levels down": lambda kernel: kernel.shifted(-1),
    "Roll right": lambda kernel: kernel.rolled(columns=1),
    "Roll down": lambda kernel: kernel.rolled(rows=1),
    "Transpose": lambda kernel: kernel.transposed(),
    "Rotate a quarter turn": lambda kernel: kernel.rotated(),
    "Flip left and right": lambda kernel: kernel.flipped("horizontal"),
    "Flip top and bottom": lambda kernel: kernel.flipped("vertical"),
    "Negate thresholds": lambda kernel: kernel.inverted(),
    "Stack the complement": lambda kernel: _first_slice(kernel).stacked(
        _first_slice(kernel).complement()
    ),
    "Stack 4 shifted slices": lambda kernel: _first_slice(kernel).shifted_slices(4),
}

_EDITED = ", edited"


@dataclass
class Desk:
    """One session's kernel, with the way back.

    Attributes
    ----------
    kernel
        What is being designed.
    past, future
        Kernels to undo to, the latest last, and to redo to, the next last.
    snapshots
        Kernels kept by name.
    answered
        Number of the last report of the editor that was taken in.
    """

    kernel: ThresholdKernel
    past: list[ThresholdKernel] = field(default_factory=list)
    future: list[ThresholdKernel] = field(default_factory=list)
    snapshots: dict[str, ThresholdKernel] = field(default_factory=dict)
    answered: int = 0

    def take(self, kernel: ThresholdKernel) -> None:
        """Go on with this kernel; the one before can be undone to."""
        if kernel == self.kernel and kernel.name == self.kernel.name:
            return
        self.past = [*self.past, self.kernel][-MAX_STEPS:]
        self.future = []
        self.kernel = kernel

    def change(self, kernel: ThresholdKernel) -> None:
        """Go on with a changed form of the present kernel, under a name that says so."""
        if kernel != self.kernel:
            self.take(kernel.renamed(_name_of_changed(kernel)))

    def undo(self) -> None:
        """Back by a step, if there is one."""
        if self.past:
            self.future.append(self.kernel)
            self.kernel = self.past.pop()

    def redo(self) -> None:
        """Forward again, if there is a step."""
        if self.future:
            self.past.append(self.kernel)
            self.kernel = self.future.pop()

    def keep(self, name: str) -> None:
        """Keep the kernel under a name; the oldest snapshot makes room."""
        self.snapshots.pop(name, None)
        self.snapshots[name] = self.kernel
        while len(self.snapshots) > MAX_SNAPSHOTS:
            del self.snapshots[next(iter(self.snapshots))]

    def forget(self, name: str) -> None:
        """Drop a snapshot."""
        self.snapshots.pop(name, None)


def desk() -> Desk:
    """The session's desk, with the kernel of a link that was just opened."""
    if keys.DESK not in st.session_state:
        st.session_state[keys.DESK] = Desk(PUBLISHED["2x2-v2"])
    found: Desk = st.session_state[keys.DESK]
    linked: ThresholdKernel | None = st.session_state.pop(keys.LINKED_KERNEL, None)
    if linked:
        found.take(linked)
    return found


def take_to_design(kernel: ThresholdKernel) -> None:
    """Lay a kernel on the desk for the visit to Design that follows, scored on the picture."""
    st.session_state[keys.LINKED_KERNEL] = kernel
    st.session_state[keys.SCORE_SOURCE] = "Picture"


def resized(kernel: ThresholdKernel, shape: tuple[int, int, int]) -> ThresholdKernel:
    """The kernel cropped or continued with its own period to (slices, rows, columns)."""
    slices, rows, columns = shape
    return replace(kernel, levels=tile(kernel.levels, slices, rows, columns))


def _first_slice(kernel: ThresholdKernel) -> ThresholdKernel:
    return replace(kernel, levels=kernel.levels[:1])


def _name_of_changed(kernel: ThresholdKernel) -> str:
    """The published name if the change has led to one, else the old name, marked."""
    plain = kernel.name.removesuffix(_EDITED)
    if plain.startswith("[") or not plain:
        return _published_name(kernel) or levels_name(kernel)
    return _published_name(kernel) or plain + _EDITED


def _published_name(kernel: ThresholdKernel) -> str:
    for name, published in PUBLISHED.items():
        if published.level_set == kernel.level_set and np.array_equal(
            published.levels, kernel.levels
        ):
            return name
    return ""
