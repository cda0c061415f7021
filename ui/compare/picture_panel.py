"""One bit per pixel and colour: what it costs, and what a pattern of thresholds gives back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from design_core.study.pattern_gains import gains_sentence, pattern_gains
from design_core.study.picture_cuts import picture_sentences, picture_studies, setting_of
from design_core.study.picture_information import information
from design_core.zoo.arms import PICTURE_ARMS
from design_core.zoo.card import Card
from design_core.zoo.naming import card_arm
from ui.charts import chart_title, show_chart
from ui.compare.charts import gain_chart, information_chart
from ui.text import plain

__all__ = ["picture_panel"]

_COLUMNS = {
    "cut": st.column_config.TextColumn("Cut of the picture"),
    "accuracy": st.column_config.NumberColumn(
        "Accuracy, %", format="%.2f", help="On the test set after the last epoch, mean over seeds"
    ),
    "seeds": st.column_config.NumberColumn("Seeds"),
    "kept": st.column_config.NumberColumn(
        "Bits per pixel",
        format="%.3f",
        help="Information: what 2×2 blocks of the training pictures' bits tell",
    ),
}


def picture_panel(cards: Sequence[Card]) -> None:
    """The answers with their tests, a chart and a table, for each study of one-bit pictures."""
    studies = picture_studies(cards)
    if not studies:
        st.info(
            "None of the chosen networks sees one-bit pictures. Loosen the filters in the sidebar.",
            icon=":material/info:",
        )
    for number, study in enumerate(studies):
        setting = setting_of(study[0])
        chart_title(f"{setting[:1].upper()}{setting[1:]}")
        _chart(study, key=f"information_{number}")
        _pair_link(study)
        st.markdown("\n".join(f"- {plain(told)}" for _, told in picture_sentences(study)))
        _table(study, key=f"cuts_{number}")
    if studies:
        _gains(cards)
        st.caption(
            "The networks differ in the cut of the picture alone; hidden layers are Sign. The "
            "questions and their tests were written down before the runs ended: "
            "docs/one-bit-pictures.md."
        )


def _chart(study: Sequence[Card], *, key: str) -> None:
    ceiling = next((card for card in study if card.picture == "real"), None)
    known = [(card, kept) for card in study if (kept := information(card)) is not None]
    if not known:
        st.caption("The bits per pixel of these cuts are not measured.")
        return
    show_chart(
        information_chart([card for card, _ in known], [bits for _, bits in known], ceiling),
        title="Does a cut that keeps more of the picture classify better?",
        alt="; ".join(
            f"{card_arm(card).title} {bits:.3f} bits per pixel, {100 * card.accuracy:.1f} %"
            for card, bits in known
        ),
        key=key,
    )


def _gains(cards: Sequence[Card]) -> None:
    """Why at the picture and not inside: gain against how alike neighbours are."""
    gains = pattern_gains(cards)
    told = gains_sentence(gains)
    if told:
        chart_title("Where does a pattern pay?")
        show_chart(
            gain_chart(gains),
            title=told,
            alt="; ".join(
                f"{one.title}: correlation {one.correlation[1]:.2f}, {100 * one.gain.mean:+.2f} "
                "points"
                for one in gains
            ),
            key="pattern_gains",
        )
        st.caption(
            "Each mark sets a pattern against one threshold of the same mean. Across: from the "
            "least to the most alike layer that is cut; up: the 95 % interval of three pairs of "
            "seeds or more."
        )


def _table(study: Sequence[Card], *, key: str) -> None:
    ordered = sorted(study, key=lambda card: -card.accuracy)
    rows = pd.DataFrame(
        {
            "cut": [f"{card_arm(card).short}: {card_arm(card).title}" for card in ordered],
            "accuracy": [100 * card.accuracy for card in ordered],
            "seeds": [len(card.seeds) for card in ordered],
            "kept": [information(card) for card in ordered],
        }
    )
    st.dataframe(
        rows,
        key=key,
        hide_index=True,
        placeholder="–",
        column_config=_COLUMNS,
        height="content",
        alt="; ".join(
            f"{cut}: {accuracy:.2f} %, {seeds} seeds"
            for cut, accuracy, seeds in zip(
                rows["cut"], rows["accuracy"], rows["seeds"], strict=True
            )
        ),
    )


def _pair_link(study: Sequence[Card]) -> None:
    """To Predict with Sign's bits and the pattern's, of a seed that both have."""
    sign, pattern = (
        next((card for card in study if card.picture == PICTURE_ARMS[key].activation), None)
        for key in ("sign", "phases2")
    )
    if sign is None or pattern is None or not (common := set(sign.seeds) & set(pattern.seeds)):
        return
    seed = min(common)
    st.page_link(
        "pages/predict.py",
        label="See what both of them see, in Predict",
        icon=":material/arrow_forward:",
        query_params={"networks": f"{sign.name}-s{seed}.{pattern.name}-s{seed}"},
    )
