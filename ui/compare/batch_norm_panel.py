"""What batch norm's learned γ and β take over."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from design_core.study.batch_norm import batch_norm_gains
from design_core.study.number_words import signed_points
from design_core.study.report import batch_norm_gain_words, setting_words
from design_core.zoo.arms import arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import batch_norm_words
from ui.charts import show_chart
from ui.compare.charts import batch_norm_chart
from ui.text import plain

__all__ = ["batch_norm_panel"]


def batch_norm_panel(cards: Sequence[Card]) -> None:
    """The gain over Sign with and without γ and β, for each activation."""
    st.markdown(
        "A learned β moves the threshold of a whole channel: batch norm finds a *uniform* shift by "
        "itself. With γ = 1 and β = 0 fixed it cannot. So a gain over Sign that is there only with "
        "γ, β fixed comes from the shift. A pattern is what β can neither make nor undo: a gain is "
        "the pattern's where it stays with γ, β learned and the uniform control does not reach it."
    )
    compared = batch_norm_gains(cards)
    if not compared:
        st.info(
            "This needs Sign and another activation, trained alike. Choose more networks in the "
            "sidebar.",
            icon=":material/info:",
        )
        return
    groups: dict[str, list[int]] = {}
    for place, one in enumerate(compared):
        known = one.without or one.learned
        assert known is not None
        setting = setting_words(known.card).replace(f", {batch_norm_words(known.card)}", "")
        groups.setdefault(setting, []).append(place)
    for setting, places in groups.items():
        chosen = [compared[place] for place in places]
        show_chart(
            batch_norm_chart(chosen),
            title=f"Points over Sign with γ, β fixed and learned: {setting}",
            alt="; ".join(
                f"{arm_of(one.activation).short} {words} {signed_points(gain.mean)}"
                for one in chosen
                for words, gain in (("γ, β fixed", one.without), ("γ, β learned", one.learned))
                if gain
            ),
            key=f"influence_{setting}",
        )
    st.caption(
        "Lines: 95 % intervals over paired seeds. A mark without a line: one pair; a line that "
        "leaves the chart: two pairs."
    )
    told: dict[str, list[str]] = {}
    for setting, sentence in batch_norm_gain_words(cards):
        told.setdefault(setting, []).append(f"- {plain(sentence)}")
    for setting, sentences in told.items():
        st.caption(plain(setting))
        st.markdown("\n".join(sentences))
