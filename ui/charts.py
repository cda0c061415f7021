"""How charts look, in one place: colours by what they mean, axes, titles, text alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from design_core.output.contrast import legible
from design_core.zoo.arms import Arm, arm_of
from design_core.zoo.card import Card
from ui.text import sentence_html

__all__ = [
    "BLUE",
    "LABEL",
    "ORANGE",
    "PLOT",
    "SEQUENTIAL",
    "Ink",
    "accuracy_range",
    "activation_colour",
    "arm_colour",
    "beside",
    "chart_title",
    "diverging",
    "frame",
    "ink",
    "label_colour",
    "show_chart",
    "translucent",
]

HEIGHT = 270
LABEL = 11  # size of a label beside its mark, pixels
#: Settings of every chart: without plotly's own tools.
PLOT = {"displayModeBar": False}
#: For quantities.
SEQUENTIAL = "Cividis"
#: For differences: less and more, or only the first and only the second. Okabe–Ito.
BLUE, ORANGE = "#0072B2", "#E69F00"


@dataclass(frozen=True)
class Ink:
    """Colours by what they mean, for one theme. The published are Okabe–Ito orange in both."""

    text: str
    quiet: str
    bars: str
    this: str
    published: str
    front: str
    ground: str
    sign: str


_LIGHT = Ink("#14161A", "#5C6068", "#C9CCD2", "#3B5BDB", "#E69F00", "#14161A", "#FFFFFF", "#7C818A")
_DARK = Ink("#ECEAE4", "#A4A8B1", "#4A4F5A", "#8DA2FB", "#E69F00", "#ECEAE4", "#191B20", "#9BA0AA")


def ink() -> Ink:
    """The colours of the theme that the user sees."""
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def arm_colour(arm: Arm) -> str:
    """The colour of an arm on every page, in the theme that the user sees."""
    return str(getattr(ink(), arm.colour, arm.colour))


def activation_colour(activation: str) -> str:
    """That of its arm, by the name that recipes give it."""
    return arm_colour(arm_of(activation))


def label_colour(colour: str) -> str:
    """That of a mark, as far as it must be moved for small type on the page."""
    return legible(colour, ink().text, ink().ground)


def diverging() -> list[tuple[float, str]]:
    """Blue, the ground, orange: a scale for differences about nought."""
    return [(0.0, BLUE), (0.5, ink().ground), (1.0, ORANGE)]


def translucent(colour: str, opacity: float) -> str:
    """``#RRGGBB`` as the fill of a band."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def chart_title(title: str) -> None:
    """Write a chart's title; unlike plotly's own, it wraps, though not between a number and %."""
    st.html(f'<h2 class="ds-chart-title">{sentence_html(title)}</h2>')


def show_chart(chart: go.Figure, *, title: str, alt: str, key: str) -> None:
    """A chart under its title.

    Parameters
    ----------
    alt
        What the chart shows, with its numbers, for those who do not see it.
    """
    chart_title(title)
    st.plotly_chart(chart, key=key, config=PLOT, alt=f"{title}. {alt}")


def frame(chart: go.Figure, x: str, y: str, *, height: int = HEIGHT) -> None:
    """Axes with quantity and unit, and the look that all charts share."""
    chart.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        showlegend=False,
        dragmode=False,
        font={"size": 12, "color": ink().text},
        hoverlabel={"font": {"size": 13}},
    )
    # Plotly's theme takes a grey for axes that is too pale on white.
    label = {"size": 12, "color": ink().quiet}
    for update, text in ((chart.update_xaxes, x), (chart.update_yaxes, y)):
        update(
            title={"text": text, "font": label}, tickfont=label, automargin=True, fixedrange=True
        )


def accuracy_range(cards: Sequence[Card]) -> list[float]:
    """An axis over all seeds and intervals, in %; the wide intervals of two seeds are cut."""
    ends = [100 * value for card in cards for value in card.accuracies.values()]
    for card in cards:
        if card.ci95 and len(card.seeds) > 2:
            ends += [100 * bound for bound in card.ci95]
    margin = max(0.5, 0.12 * (max(ends) - min(ends)))
    return [min(ends) - margin, min(100.5, max(ends) + margin)]


def beside(
    chart: go.Figure,
    x: float,
    y: float,
    label: str,
    colour: str,
    *,
    shift: float = 0.0,
    left: bool = False,
    ground: str | None = None,
) -> None:
    """A label to the right of a point, or to its left, `shift` pixels above it, on a `ground`."""
    chart.add_annotation(
        x=x,
        y=y,
        xanchor="right" if left else "left",
        xshift=-9 if left else 9,
        yshift=shift,
        showarrow=False,
        text=label,
        font={"size": LABEL, "color": label_colour(colour)},
        bgcolor=ground,
    )
