"""What networks keep on corrupted test pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from design_core.pictures.corruptions import CORRUPTIONS
from design_core.study.corruptions import (
    CorruptedCard,
    corruption_band,
    corruption_sentences,
    recorded_corruptions,
)
from design_core.zoo.card import Card
from ui.charts import show_chart
from ui.compare import keys
from ui.compare.charts import band_chart, band_reach
from ui.compare.names import card_names
from ui.compare.trainings import places_by_training
from ui.text import plain

__all__ = ["ALL", "CORRUPTION_NAMES", "corruption_panel"]

ALL = "All"
#: What is chosen from, as the page writes it.
CORRUPTION_NAMES = (ALL, *("JPEG" if name == "jpeg" else name.capitalize() for name in CORRUPTIONS))


def corruption_panel(cards: Sequence[Card]) -> None:
    """Accuracy against severity, the tests, and a table."""
    found = {one.card.name: one for one in recorded_corruptions(cards)}
    if not found:
        st.info(
            "None of the chosen networks was measured on corrupted pictures. Loosen the filters "
            "in the sidebar, or run `design zoo corruptions`.",
            icon=":material/info:",
        )
        return
    shown = st.segmented_control(
        "Corruption",
        CORRUPTION_NAMES,
        default=ALL,
        required=True,
        key=keys.CORRUPTION,
        persist_state="session",
    )
    name = None if shown == ALL else list(CORRUPTIONS)[CORRUPTION_NAMES.index(shown) - 1]
    bands = {card: corruption_band(one, name) for card, one in found.items()}
    reach = band_reach(list(bands.values()))
    for place, shared, group in places_by_training([one.card for one in found.values()]):
        names = card_names(group)
        with place:
            show_chart(
                band_chart(
                    group,
                    [bands[card.name] for card in group],
                    names,
                    quantity="test accuracy",
                    reach=reach,
                    percent=True,
                    across="severity",
                    start=0,
                ),
                title=f"{'All corruptions' if name is None else shown} with {shared}",
                alt="; ".join(
                    f"{title}: "
                    + ", ".join(f"{100 * share:.1f}" for share in bands[card.name].mean)
                    for title, card in zip(names, group, strict=True)
                )
                + " percent at severities 0 to 5.",
                key=f"corruptions_{shared}",
            )
    st.caption(
        "Severity 0 is the picture as it is. Line: mean over the seeds; band: from the lowest to "
        "the highest. Each corruption is one that Predict offers, at a fixed strength."
    )
    told = list(corruption_sentences(list(found.values())))
    st.markdown("\n".join(f"- {plain(sentence)}" for _, sentence in told))
    _table(list(found.values()))


def _table(found: Sequence[CorruptedCard]) -> None:
    """Clean, mean over all corruptions, and each of them."""
    rows = pd.DataFrame(
        [
            {
                "Network": title,
                "Seeds": len(one.seeds),
                "Clean": 100 * corruption_band(one).mean[0],
                "All": 100 * float(np.mean(list(one.means.values()))),
                **{
                    word: 100 * float(corruption_band(one, name).mean[1:].mean())
                    for word, name in zip(CORRUPTION_NAMES[1:], CORRUPTIONS, strict=True)
                },
            }
            for one, title in zip(found, card_names([one.card for one in found]), strict=True)
        ]
    )
    numbers = [column for column in rows.columns if column not in ("Network", "Seeds")]
    st.dataframe(
        rows,
        key="corruptions_table",
        hide_index=True,
        height="content",
        column_config={
            column: st.column_config.NumberColumn(column, format="%.2f") for column in numbers
        },
        alt="; ".join(
            f"{row['Network']}: clean {row['Clean']:.2f}, all {row['All']:.2f}"
            for _, row in rows.iterrows()
        ),
    )
