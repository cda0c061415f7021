"""The kernel editor as a Streamlit component.

The browser draws each edit at once and reports it under a running number; Python answers with the
kernel it has then, and the last number that it has taken in. The browser drops answers that are
older than its own latest report, so that quick clicks never jump back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from design_core import browser
from design_core.kernels.kernel import ThresholdKernel

__all__ = ["Edit", "kernel_editor"]

_HERE = Path(__file__).parent
_editor = st.components.v2.component(
    "design_kernel_editor",
    html=(_HERE / "editor.html").read_text(encoding="utf-8"),
    css=(_HERE / "editor.css").read_text(encoding="utf-8"),
    js=browser.joined("reports") + (_HERE / "editor.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Edit:
    """What the user did.

    Parameters
    ----------
    number
        Running number of the report; each is reported once.
    kind
        ``levels``, ``undo`` or ``redo``.
    kernel
        The kernel as edited, up to the moment of an ``undo`` or ``redo``.
    """

    number: int
    kind: str
    kernel: ThresholdKernel


def kernel_editor(
    kernel: ThresholdKernel, *, answered: int, on_edit: Callable[[Edit], None], key: str
) -> None:
    """Show a kernel whose cells can be changed.

    Parameters
    ----------
    kernel
        The kernel as it stands.
    answered
        The number of the last edit that the kernel holds.
    on_edit
        Called before the next run with each new edit.
    key
        Unique on the page.
    """

    def report() -> None:
        edit = _read(st.session_state.get(key), kernel, answered)
        if edit is not None:
            on_edit(edit)

    _editor(
        key=key,
        data={
            "name": kernel.name,
            "shape": list(kernel.shape),
            "levelSet": list(kernel.level_set),
            "thresholds": kernel.scale.thresholds(kernel.level_set).tolist(),
            "ranks": np.searchsorted(kernel.level_set, kernel.levels).ravel().tolist(),
            "answered": answered,
        },
        on_report_change=report,
    )


def _read(state: Any, kernel: ThresholdKernel, answered: int) -> Edit | None:
    """The edit in a report; a report comes from a browser, so nothing in it is taken on trust."""
    found = state.get("report") if isinstance(state, Mapping) else None
    if not isinstance(found, Mapping):
        return None
    number, kind = found.get("number"), found.get("kind")
    if not isinstance(number, int) or number <= answered:
        return None
    if kind not in ("levels", "undo", "redo"):
        return None
    try:
        ranks = np.asarray(found.get("ranks"), dtype=np.int64).reshape(kernel.shape)
        if ranks.min() < 0:
            return Edit(number, kind, kernel)
        levels = np.asarray(kernel.level_set)[ranks]
    except (TypeError, ValueError, IndexError, OverflowError):
        # Of a kernel that has another shape by now; the number must be answered all the same.
        return Edit(number, kind, kernel)
    return Edit(number, kind, replace(kernel, levels=levels))
