"""Points of a chart as kernels, each with its map of the present picture, as a Streamlit component.

The maps are not sent: the browser cuts what the page's viewer shows, with the viewer's own modules,
when a point is pointed at or reached by keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from design_core import browser
from design_core.kernels.kernel import ThresholdKernel

__all__ = ["KernelCard", "kernel_cards"]

_HERE = Path(__file__).parent
_cards = st.components.v2.component(
    "design_kernel_cards",
    html=(_HERE / "cards.html").read_text(encoding="utf-8"),
    css=(_HERE / "cards.css").read_text(encoding="utf-8"),
    js=browser.joined("math", "limits", "paint", "kernel_drawing")
    + (_HERE / "cards.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class KernelCard:
    """One kernel of a chart.

    Parameters
    ----------
    kernel
        With its scale; one slice.
    words
        What the chart says of it, a line each.
    """

    kernel: ThresholdKernel
    words: tuple[str, ...]


def kernel_cards(
    cards: Mapping[str, KernelCard],
    *,
    chart: str,
    viewer: str,
    walk: Sequence[str] = (),
    on_take: Callable[[str], None] | None = None,
    key: str,
) -> None:
    """Let the points of a chart show their kernels.

    Parameters
    ----------
    cards
        By what the chart's points carry in `customdata`, as text.
    chart, viewer
        Keys of the chart, and of the viewer whose map is cut.
    walk
        Cards that arrow keys go through, in order; without any there is nothing to reach by keys.
    on_take
        Called before the next run with the card of the walk that Enter took.
    key
        Unique on the page.
    """

    def report() -> None:
        state = st.session_state.get(key)
        taken = state.get("taken") if isinstance(state, Mapping) else None
        if on_take and isinstance(taken, str) and taken in cards:
            on_take(taken)

    _cards(
        key=key,
        data={
            "chart": chart,
            "viewer": viewer,
            "walk": list(walk),
            "cards": {name: _plain(card) for name, card in cards.items()},
        },
        on_taken_change=report,
    )


def _plain(card: KernelCard) -> dict[str, Any]:
    kernel = card.kernel
    return {
        "size": list(kernel.shape[1:]),
        "levels": kernel.levels[0].ravel().tolist(),
        "thresholds": kernel.thresholds[0].ravel().tolist(),
        "words": list(card.words),
    }
