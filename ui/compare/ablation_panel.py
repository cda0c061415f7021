"""What a kernel's size, pattern, scaling and strength change inside a network."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from design_core.kernels.spec import encode_kernel, parse_kernel
from design_core.study.ablation import Cell, ablation_cells, main_effects
from design_core.zoo.card import Card
from ui.charts import PLOT, chart_title
from ui.compare.charts import ablation_chart
from ui.text import plain

__all__ = ["ablation_panel"]


def ablation_panel(cards: Sequence[Card]) -> None:
    """A map of sizes and patterns whose cells lead to Explore, and the main effects."""
    cells = ablation_cells(cards)
    if not cells:
        st.info(
            "No kernel of the ablation is trained yet, or the filters leave Sign or them out. "
            "`design zoo plan --only 'ablation-*'` lists the runs.",
            icon=":material/info:",
        )
        return
    grid = [cell for cell in cells if _in_grid(cell)]
    if grid:
        chart_title("Points over Sign, by size and pattern of the kernel")
        st.plotly_chart(
            ablation_chart(grid),
            key="ablation_map",
            config=PLOT,
            on_select=lambda: _opened(grid),
            selection_mode="points",
            alt="; ".join(f"{_title(cell)}: {100 * cell.gain.mean:+.2f} points" for cell in grid),
        )
        st.caption("Click a cell, or choose a kernel below, to see what it does to a picture.")
    _way_to_explore(cells)
    effects = main_effects(cells)
    if effects:
        chart_title("Main effects")
        st.markdown("\n".join(f"- {plain(one.sentence())}" for one in effects))
    st.caption(
        "Networks of width 16 after four epochs, γ and β learned, paired by seed. Questions and "
        "tests were written down before the runs: docs/strategies.md."
    )


def _in_grid(cell: Cell) -> bool:
    return (cell.factors["scaling"], cell.factors["strength"]) == ("published", "1")


def _title(cell: Cell) -> str:
    scaling, strength = cell.factors["scaling"], cell.factors["strength"]
    side = cell.factors["size"]
    told = f"{cell.factors['pattern']} {side}×{side}"
    told += f", {scaling}" if scaling != "published" else ""
    return told + (f", strength {strength}" if strength != "1" else "")


def _code(cell: Cell) -> str:
    """The kernel as links write it: by name where that says all."""
    strength = float(cell.factors["strength"])
    if strength == 1 and "@" not in cell.kernel:
        return cell.kernel
    return encode_kernel(parse_kernel(cell.kernel).scaled(strength=strength))


def _opened(cells: Sequence[Cell]) -> None:
    points = st.session_state["ablation_map"]["selection"]["points"]
    if points:
        st.session_state["ablation_kernel"] = _title(cells[points[0]["point_index"]])


def _way_to_explore(cells: Sequence[Cell]) -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        titles = [_title(cell) for cell in cells]
        shown = st.selectbox("Kernel", titles, key="ablation_kernel", persist_state="session")
        st.page_link(
            "pages/explore.py",
            label="Open it in Explore",
            icon=":material/arrow_forward:",
            query_params={"kernel": _code(cells[titles.index(shown)])},
        )
