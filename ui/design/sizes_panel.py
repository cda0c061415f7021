"""What a larger kernel is worth: the best, the published and the median kernel of each size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pandas as pd
import streamlit as st

from design_core.progress import Progress
from design_core.search.sizes import SizeRow
from design_core.study.trained_sizes import trained_sizes
from ui.charts import show_chart
from ui.design.charts import sizes_chart
from ui.design.desk import Desk
from ui.design.landscapes import Question
from ui.design.scoring import source_words
from ui.design.watching import watched
from ui.figures import kernel_image
from ui.networks import cards
from ui.text import plain

__all__ = ["sizes_panel"]

_SHOWN = "sizes_shown"
_LARGEST = 6
_CARD = 132  # pixels: six sizes in a row on a desk, two on a phone


def sizes_panel(desk: Desk, question: Question) -> None:
    """The question, its answer on the present source, and what trained networks say."""
    st.markdown(
        "The best kernel of each size by total variation and by information, the published ones, "
        f"and the median of random kernels, scored on {plain(source_words(question))}."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        largest = st.slider("Sizes up to", 2, _LARGEST, 4, key="sizes_up_to", width=260)
        if st.button("Compare the sizes", type="primary", icon=":material/bar_chart:"):
            _compare(question, largest)
    shown: tuple[Question, list[SizeRow]] | None = st.session_state.get(_SHOWN)
    if shown is not None:
        asked, rows = shown
        if asked != question:
            st.caption(f"Scored on {plain(source_words(asked))}; compare again for the present.")
        _answer(desk, rows)
    _trained()


def _compare(question: Question, largest: int) -> None:
    rows: list[SizeRow] = []

    def work(progress: Progress) -> None:
        try:
            rows.extend(question.sizes(range(1, largest + 1), progress))
        except ValueError as error:
            st.warning(plain(str(error)), icon=":material/info:")

    watched(work, "Searching every size", key="stop_sizes")
    if rows:
        st.session_state[_SHOWN] = question, rows


def _answer(desk: Desk, rows: Sequence[SizeRow]) -> None:
    sides = [f"{row.side}×{row.side}" for row in rows]
    for column, (measure, title, unit) in zip(
        st.columns(2, gap="medium"),
        (
            ("information", "How much does a larger kernel keep?", "bits per pixel"),
            ("tv", "How many edges can it show?", "edges per pixel"),
        ),
        strict=True,
    ):
        with column:
            told = (
                f"{side} {row.best(measure):.3f}" for side, row in zip(sides, rows, strict=True)
            )
            show_chart(
                sizes_chart(rows, measure),
                title=title,
                alt=f"The best of each size, in {unit}: {'; '.join(told)}.",
                key=f"sizes_{measure}",
            )
    table = _frame(rows)
    st.dataframe(
        table,
        key="sizes_table",
        hide_index=True,
        height="content",
        column_config={
            str(name): st.column_config.NumberColumn(format="%.3f")
            for name in table.select_dtypes("number")
        },
        alt="Scores of the best, the median and the published kernels of each size.",
    )
    st.html('<h3 class="ds-chart-title">The kernels that keep most</h3>')
    with st.container(horizontal=True):
        for row, side in zip(rows, sides, strict=True):
            with st.container(width=_CARD, gap="xsmall"):
                kernel = row.best_information.kernel
                st.html(
                    f'<div class="ds-card">{kernel_image(kernel, cell=max(8, 96 // row.side))}'
                    f"<p><b>{side}</b></p></div>"
                )
                st.button(
                    "Take",
                    key=f"take_size_{row.side}",
                    on_click=desk.take,
                    args=(kernel.renamed(f"best {side} by information"),),
                )


def _frame(rows: Sequence[SizeRow]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Size": f"{row.side}×{row.side}",
            "Most bits per pixel": row.best_information.information,
            "its edges per pixel": row.best_information.tv,
            "Most edges per pixel": row.best_tv.tv,
            "its bits per pixel": row.best_tv.information,
            "Median bits": row.median_information,
            "Median edges": row.median_tv,
            "Published": "; ".join(
                f"{one.kernel.name}: {one.information:.3f} bits, {one.tv:.3f} edges"
                for one in row.published
            ),
            "Proven": row.exact,
        }
        for row in rows
    )


def _trained() -> None:
    """Accuracies by size, of whatever the zoo has trained."""
    rows = trained_sizes(cards())
    if not rows:
        return
    with st.expander("What trained networks say of size"):
        for setting, group in groupby(rows, key=lambda row: row.setting):
            st.markdown(f"**{plain(setting)}**")
            st.dataframe(
                pd.DataFrame(
                    {
                        "Size": f"{row.side}×{row.side}",
                        "Activation or cut": row.name,
                        "Test accuracy, %": f"{100 * row.accuracy:.2f}",
                        "Seeds": row.seeds,
                    }
                    for row in group
                ),
                hide_index=True,
                height="content",
                alt=f"Test accuracies by the size of the kernel: {setting}.",
            )
        st.caption("After the last epoch, mean over the seeds; a single threshold is 1×1.")
