"""Find the best kernels, and say what the answer is worth."""

from __future__ import annotations

from html import escape

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.progress import Progress, no_progress
from design_core.search.constraints import Constraints
from design_core.search.find import KernelScore, SearchResult
from design_core.search.scorer import SLICE_RULES
from design_core.search.symmetry import REFLECTIONS
from ui.design.desk import Desk
from ui.design.landscapes import Question, SearchOrder
from ui.design.scoring import form_words, objective_words, source_words
from ui.design.watching import watched
from ui.figures import kernel_image
from ui.text import plain

__all__ = ["find_button", "search_panel"]

_LARGEST = 8
_CARD = 168  # pixels: six in a row on a desk, two on a phone


def search_panel(desk: Desk, question: Question) -> None:
    """The order, the search, and its answer."""
    order = _order(desk, question)
    if order is not None:
        _search(question, order)
    found: SearchResult | None = st.session_state.get("search_result")
    if found is not None:
        _show(desk, found)


def find_button(desk: Desk, question: Question) -> None:
    """Take the best kernel of the present size at once; the panel below shows the whole answer."""
    rows, columns = desk.kernel.shape[1:]
    by = objective_words(question.objective)
    if not st.button(
        "Find and take the best",
        icon=":material/search:",
        key="find_here",
        help=f"Take the {rows}×{columns} kernel that has most {by} on {source_words(question)}. "
        "The panel below shows the runners-up and lets you set conditions.",
        disabled=max(rows, columns) > _LARGEST,
    ):
        return
    try:
        with st.spinner("Searching …"):
            found = question.find(SearchOrder((rows, columns), Constraints()), no_progress)
    except ValueError as error:
        st.toast(plain(str(error)), icon=":material/info:")
        return
    st.session_state["search_result"] = found
    _take(desk, found.best[0].kernel.renamed(_name(found, 0)))
    st.rerun()


def _take(desk: Desk, kernel: ThresholdKernel) -> None:
    desk.take(kernel)
    st.toast(f"Taken: {plain(kernel.name)}. Undo takes it back.", icon=":material/check:")


def _name(found: SearchResult, number: int) -> str:
    """What was searched, in words: ``best 2×2 by total variation``."""
    rows, columns = found.size
    name = f"best {rows}×{columns} by {objective_words(found.objective)}"
    return name if number == 0 else f"{name}, {number + 1}"


def _order(desk: Desk, question: Question) -> SearchOrder | None:
    """The form; an order when it has just been sent."""
    by = objective_words(question.objective)
    with st.form("find", border=False):
        st.markdown(f"Maximize **{by}** on {plain(source_words(question))}.")
        first = st.columns(4)
        height, width = (min(side, _LARGEST) for side in desk.kernel.shape[1:])
        rows = first[0].number_input("Rows", 1, _LARGEST, height, key="find_rows")
        columns = first[1].number_input("Columns", 1, _LARGEST, width, key="find_columns")
        density = first[2].slider(
            "Density, %",
            0,
            100,
            (0, 100),
            key="find_density",
            help="Share of pixels that fire, P(x ≥ T) on average over the cells.",
        )
        symmetry = first[3].selectbox(
            "Symmetry",
            ["none", *(name for name in REFLECTIONS if name != "identity")],
            key="find_symmetry",
            help="The kernel stays the same when it is mirrored or turned like this.",
        )
        second = st.columns(4)
        levels = second[0].multiselect(
            "Levels", question.levels, key=f"find_levels_{question.levels}", placeholder="all"
        )
        distinct = second[1].number_input(
            "Different levels, at most",
            1,
            len(question.levels),
            None,
            key="find_distinct",
            placeholder="any",
        )
        balance = second[2].number_input(
            "Mean threshold, at most",
            0.0,
            9.0,
            None,
            key="find_balance",
            placeholder="any",
            help="Largest magnitude of the mean threshold: 0 asks for balance about zero, which "
            "needs levels below zero. The random model counts in levels.",
        )
        rule = second[3].selectbox(
            "Slices",
            ["one", "complement", "shift × 2", "shift × 4"],
            key="find_slices",
            help="For 3D kernels whose slices follow from the first. "
            + " ".join(f"{name}: {text}." for name, text in SLICE_RULES.items()),
        )
        sent = st.form_submit_button("Find the best", type="primary", icon=":material/search:")
    if not sent:
        return None
    name, _, count = rule.partition(" × ")
    return SearchOrder(
        size=(int(rows), int(columns)),
        constraints=Constraints(
            density=None if density == (0, 100) else (density[0] / 100, density[1] / 100),
            levels=tuple(levels) or None,
            max_distinct=None if distinct is None else int(distinct),
            balance=balance,
            symmetry=None if symmetry == "none" else symmetry,
        ),
        slice_rule=None if rule == "one" else name,
        n_slices={"one": 1, "complement": 2}.get(rule) or int(count),
    )


def _search(question: Question, order: SearchOrder) -> None:
    """Search with a bar; any interaction stops the search, which leaves the best so far."""

    def work(progress: Progress) -> None:
        try:
            st.session_state["search_result"] = question.find(order, progress)
        except ValueError as error:
            st.session_state.pop("search_result", None)
            st.warning(plain(str(error)), icon=":material/info:")

    watched(work, "Searching", key="stop_search")


def _show(desk: Desk, found: SearchResult) -> None:
    rows, columns = found.size
    st.html(
        f'<p class="ds-note">{rows}×{columns} by {escape(objective_words(found.objective))} on '
        f"{escape(found.source)}, {form_words(found.form)} · "
        f"{found.evaluated:,} kernels in {found.seconds:.2f} s</p><ul class='ds-findings'>"
        + "".join(f"<li>{escape(sentence)}</li>" for sentence in found.findings())
        + "</ul>"
    )
    with st.container(horizontal=True):
        for number, scored in enumerate(found.best):
            with st.container(width=_CARD, gap="xsmall"):
                _card(desk, found, scored, number)


def _card(desk: Desk, found: SearchResult, scored: KernelScore, number: int) -> None:
    kernel = scored.kernel
    cell = max(8, 112 // max(kernel.shape[0] * kernel.shape[2], kernel.shape[1]))
    rank = f"{scored.rank:,}. " if scored.rank is not None else ""
    st.html(
        f'<div class="ds-card">{kernel_image(kernel, cell=cell)}'
        f"<p><b>{rank}{scored.score:.4f}</b></p>"
        f'<p class="ds-note">{scored.tv:.3f} edges, {scored.information:.3f} bits per pixel, '
        f"fires on {scored.density:.1%}</p></div>"
    )
    st.button(
        "Take",
        key=f"take_found_{number}",
        on_click=_take,
        args=(desk, kernel.renamed(_name(found, number))),
    )
