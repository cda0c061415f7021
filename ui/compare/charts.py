"""The charts of the Compare page. They draw what they are given; all numbers come from the zoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from design_core.statistics import Interval
from design_core.study.ablation import Cell
from design_core.study.batch_norm import BatchNormGains, Gain
from design_core.study.class_accuracy import ClassAccuracy, Rates
from design_core.study.learning_curves import Band
from design_core.study.pairs import groups
from design_core.study.pattern_gains import PatternGain
from design_core.zoo.arms import arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import card_arm, say_class
from ui.charts import (
    BLUE,
    LABEL,
    ORANGE,
    SEQUENTIAL,
    accuracy_range,
    activation_colour,
    beside,
    diverging,
    frame,
    ink,
    label_colour,
    translucent,
)
from ui.compare.names import card_colour, card_dash, card_fill, card_names, training_names
from ui.text import chart_text

__all__ = [
    "ablation_chart",
    "accuracy_chart",
    "band_chart",
    "band_reach",
    "batch_norm_chart",
    "class_chart",
    "confusion_chart",
    "density_chart",
    "difference_chart",
    "gain_chart",
    "information_chart",
    "size_chart",
    "wrong_chart",
]

_ROW = 30  # height of a row of a dot plot, pixels
_AXIS = 62
_FEW = 20  # classes whose numbers fit in the cells
_TALL = 380  # a chart that stands alone, pixels
#: Arms whose names stand in the chart of one-bit pictures; the others' are read on hover.
_NAMED = ("sign", "bayer2", "phases2", "published", "colours")
_PLACES = {True: "circle", False: "square"}  # marks of the picture, and of hidden layers
_HEADING = 44  # letters in a line of a heading, as many as a phone has room for
_LINE = 14  # least distance of labels at the ends of lines, pixels


def accuracy_chart(cards: Sequence[Card]) -> go.Figure:
    """Every seed as a tick, the mean as a dot, its 95 % interval as a line.

    One group of rows per training, the best above in each.
    """
    chart = go.Figure()
    rows = _rows(cards)
    for place, (name, card) in enumerate(rows):
        if card is None:
            chart.add_annotation(
                x=0, xref="paper", xanchor="left", y=place,
                text=f"<b>{'<br>'.join(wrap(name, _HEADING))}</b>", align="left",
                showarrow=False, font={"size": LABEL, "color": ink().text},
            )  # fmt: skip
            continue
        colour, seeds = card_colour(card), [100 * one for one in card.accuracies.values()]
        told = f"{100 * card.ci95[0]:.1f} to {100 * card.ci95[1]:.1f}" if card.ci95 else "one seed"
        chart.add_scatter(
            x=seeds,
            y=[place] * len(seeds),
            mode="markers",
            marker={"symbol": "line-ns", "size": 12, "line": {"color": colour, "width": 1.5}},
            customdata=card.seeds,
            hovertemplate="seed %{customdata}: %{x:.2f} %<extra></extra>",
        )
        chart.add_scatter(
            x=[100 * card.accuracy],
            y=[place],
            mode="markers",
            error_x={
                "type": "data",
                "array": [_half(card.ci95)],
                "color": colour,
                "thickness": 2.5,
                "width": 5,
                "visible": card.ci95 is not None,
            },
            marker=_dot(card),
            hovertemplate=f"{name}<br>%{{x:.2f}} %, 95 % interval {told}<extra></extra>",
        )
    frame(chart, "test accuracy, %", "", height=_AXIS + _ROW * max(3, len(rows)))
    chart.update_yaxes(
        title=None,
        tickvals=list(range(len(rows))),
        ticktext=[name if card else "" for name, card in rows],
        range=[-0.7, len(rows) - 0.3],
        showgrid=False,
        zeroline=False,
    )
    # Above the rows, where it is seen without scrolling.
    chart.update_xaxes(range=accuracy_range(cards), showgrid=True, side="top")
    return chart


def _rows(cards: Sequence[Card]) -> list[tuple[str, Card | None]]:
    """Names and cards from below; a heading above each training where there are several."""
    rows: list[tuple[str, Card | None]] = []
    trainings = groups(cards)
    for group, name in reversed(list(zip(trainings, training_names(trainings), strict=True))):
        ordered = sorted(group, key=lambda card: card.accuracy)
        rows += zip(card_names(ordered), ordered, strict=True)
        if name:
            rows.append((name, None))
    return rows


def _dot(card: Card) -> dict[str, Any]:
    """The mark of a card: filled where γ and β are learned."""
    return {"size": 11, "color": card_fill(card), "line": {"color": card_colour(card), "width": 2}}


def _half(interval: Interval | None) -> float:
    """Half the width of an interval of shares, in points; nothing for a single seed."""
    return 50 * (interval[1] - interval[0]) if interval else 0.0


def _add_mark(chart: go.Figure, card: Card, x: float, words: str, *, seeds: int) -> None:
    """A card's accuracy over x, its interval drawn from so many seeds on; words show on hover."""
    chart.add_scatter(
        x=[x],
        y=[100 * card.accuracy],
        mode="markers",
        error_y={
            "type": "data",
            "array": [_half(card.ci95)],
            "color": card_colour(card),
            "thickness": 1.5,
            "visible": card.ci95 is not None and len(card.seeds) >= seeds,
        },
        marker=_dot(card),
        hovertemplate=f"{words}, %{{y:.2f}} %<extra></extra>",
    )


def size_chart(cards: Sequence[Card]) -> go.Figure:
    """Accuracy against bytes of the packed network, with intervals."""
    chart = go.Figure()
    names = card_names(cards)
    sizes = [card.bytes["packed"] / 1000 for card in cards]
    for card, size, name in zip(cards, sizes, names, strict=True):
        _add_mark(chart, card, size, f"{name}<br>%{{x:.1f}} kB packed", seeds=2)
    frame(chart, "packed size, kB", "test accuracy, %")
    margin = max(0.1 * (max(sizes) - min(sizes)), 0.01 * max(sizes))
    chart.update_xaxes(range=[min(sizes) - margin, max(sizes) + margin])
    chart.update_yaxes(range=accuracy_range(cards))
    return chart


def information_chart(
    cards: Sequence[Card], kept: Sequence[float], ceiling: Card | None
) -> go.Figure:
    """Accuracy of networks that see one-bit pictures against the bits per pixel of their cut.

    Parameters
    ----------
    kept
        Bits per pixel of each card's cut.
    ceiling
        The network that sees the real picture: a line across.
    """
    chart = go.Figure()
    for card, bits in zip(cards, kept, strict=True):
        arm = card_arm(card)
        _add_mark(chart, card, bits, f"{arm.short}<br>%{{x:.3f}} bits per pixel", seeds=3)
        if arm.key in _NAMED:
            beside(
                *(chart, bits, 100 * card.accuracy, arm.short, card_colour(card)),
                # Sign's stands below to its right, clear of the thresholds near the mean.
                shift=-14 if arm.key == "sign" else 0,
                left=arm.key != "sign",
            )
    if ceiling is not None:
        chart.add_hline(
            y=100 * ceiling.accuracy,
            line={"color": ink().quiet, "width": 1, "dash": "dash"},
            annotation={"text": card_arm(ceiling).title, "font": {"color": ink().quiet}},
            annotation_position="top left",
        )
    frame(chart, "bits per pixel that the cut keeps", "test accuracy, %", height=_TALL)
    margin = max(0.02, 0.12 * (max(kept) - min(kept)))
    chart.update_xaxes(range=[min(kept) - margin, max(kept) + margin])
    chart.update_yaxes(range=accuracy_range([*cards, *([ceiling] if ceiling else [])]))
    return chart


def ablation_chart(cells: Sequence[Cell]) -> go.Figure:
    """Gains over Sign as a map, sizes across and patterns down; a mark per cell, to be clicked."""
    points = np.array([100 * cell.gain.mean for cell in cells])
    most = float(max(1.0, np.abs(points).max()))
    sizes = sorted({cell.factors["size"] for cell in cells}, key=int)
    patterns = list(dict.fromkeys(cell.factors["pattern"] for cell in cells))
    chart = go.Figure(
        go.Scatter(
            x=[cell.factors["size"] for cell in cells],
            y=[cell.factors["pattern"] for cell in cells],
            mode="markers+text",
            marker={
                **{"symbol": "square", "size": 46, "color": points, "cmin": -most, "cmax": most},
                **{"colorscale": diverging(), "line": {"color": ink().quiet, "width": 1}},
            },
            text=[f"{value:+.1f}".replace("-", "−") for value in points],
            textfont={"size": LABEL, "color": ink().text},
            customdata=[[100 * bound for bound in cell.gain.ci95] for cell in cells],
            hovertemplate="%{y} %{x}×%{x}<br>%{text} points over Sign "
            "(%{customdata[0]:+.2f} to %{customdata[1]:+.2f})<extra></extra>",
        )
    )
    frame(chart, "size", "", height=_AXIS + 56 * len(patterns))
    chart.update_xaxes(type="category", categoryorder="array", categoryarray=sizes)
    chart.update_yaxes(type="category", autorange="reversed", title=None)
    chart.update_xaxes(range=[-0.6, len(sizes) - 0.4], showgrid=False, side="top")
    return chart


def gain_chart(gains: Sequence[PatternGain]) -> go.Figure:
    """What patterns gain against how alike neighbours are: the picture and hidden layers."""
    chart = go.Figure()
    for one in gains:
        low, mean, high = one.correlation
        colour = BLUE if one.at_picture else ORANGE
        ends = [100 * bound for bound in one.gain.ci95]
        chart.add_scatter(
            x=[mean],
            y=[100 * one.gain.mean],
            mode="markers",
            error_x={
                **{"type": "data", "array": [high - mean], "arrayminus": [mean - low]},
                **{"symmetric": False, "color": translucent(colour, 0.5), "thickness": 1.5},
            },
            error_y={
                **{"type": "data", "array": [(ends[1] - ends[0]) / 2], "color": colour},
                **{"thickness": 1.5, "visible": min(one.gain.counts) > 2},
            },
            marker={
                "size": 11,
                "color": colour,
                "symbol": "circle" if one.at_picture else "square",
            },
            hovertemplate=f"{one.title}<br>correlation {low:.2f} to {high:.2f}, "
            f"%{{y:+.2f}} points ({ends[0]:+.2f} to {ends[1]:+.2f})<extra></extra>",
        )
    for words, colour, marked in (
        ("picture", BLUE, [one for one in gains if one.at_picture]),
        ("hidden layers", ORANGE, [one for one in gains if not one.at_picture]),
    ):
        if marked:
            top = max(marked, key=lambda one: one.gain.mean)
            beside(chart, top.correlation[1], 100 * top.gain.mean, words, colour, shift=12)
    frame(chart, "correlation of adjacent pixels", "points over one threshold", height=_TALL)
    chart.add_hline(y=0, line={"color": ink().sign, "width": 2})
    chart.update_xaxes(range=[min(0.25, *(one.correlation[0] for one in gains)), 1.06])
    return chart


def band_reach(bands: Sequence[Band]) -> tuple[float, float]:
    """An axis that holds all bands, so that charts side by side can be compared."""
    low = min(float(band.low.min()) for band in bands)
    high = max(float(band.high.max()) for band in bands)
    margin = 0.04 * (high - low or 1.0)
    return low - margin, high + margin


def band_chart(
    cards: Sequence[Card],
    bands: Sequence[Band],
    names: Sequence[str],
    *,
    quantity: str,
    reach: tuple[float, float],
    percent: bool,
    level: float | None = None,
    across: str = "epoch",
    start: int = 1,
) -> go.Figure:
    """Mean over seeds as a line, from the lowest to the highest seed as a band.

    Parameters
    ----------
    reach
        Of the vertical axis, so that charts side by side can be compared.
    across, start
        What is counted from left to right, and from which number on.
    level
        Where to draw a line across.
    """
    chart = go.Figure()
    factor = 100 if percent else 1
    ends = []
    for card, band, name in zip(cards, bands, names, strict=True):
        colour = card_colour(card)
        steps = np.arange(start, len(band.mean) + start)
        if len(card.seeds) > 1:
            chart.add_scatter(
                x=np.concatenate([steps, steps[::-1]]),
                y=factor * np.concatenate([band.high, band.low[::-1]]),
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor=translucent(colour, 0.22),
                hoverinfo="skip",
            )
        unit = " %" if percent else ""
        chart.add_scatter(
            x=steps,
            y=factor * band.mean,
            mode="lines+markers",
            marker={"size": 4},
            line={"color": colour, "width": 2.2, "dash": card_dash(card)},
            hovertemplate=f"{name}<br>{across} %{{x}}: %{{y:.3g}}{unit}<extra></extra>",
        )
        ends.append((float(factor * band.mean[-1]), int(steps[-1]), name, colour))
    if level is not None:
        line = {"color": ink().quiet, "width": 1, "dash": "dash"}
        chart.add_hline(y=factor * level, line=line)
    frame(chart, across, f"{quantity}, %" if percent else quantity, height=330)
    low, high = (factor * bound for bound in reach)
    _label_ends(chart, ends, pixels=250 / max(high - low, 1e-9))
    chart.update_yaxes(range=[low, high])
    _room_for_labels(chart, names, last=max(x for _, x, _, _ in ends), first=start)
    return chart


def _label_ends(
    chart: go.Figure, ends: Sequence[tuple[float, int, str, str]], *, pixels: float
) -> None:
    """Names at the ends of lines, moved apart where they would touch; `pixels` per unit."""
    below = np.inf
    for y, x, name, colour in sorted(ends, key=lambda end: -end[0]):
        place = min(y * pixels, below - _LINE)
        below = place
        chart.add_annotation(
            x=x,
            y=y,
            xanchor="left",
            xshift=7,
            yshift=place - y * pixels,
            showarrow=False,
            text=name,
            font={"size": LABEL, "color": label_colour(colour)},
        )


def _room_for_labels(chart: go.Figure, names: Sequence[str], *, last: int, first: int = 1) -> None:
    """The lines end at the edge of the plot and their names stand in the margin."""
    chart.update_xaxes(range=[first - 0.2, last + 0.05], tickformat="d")
    chart.update_layout(margin={"r": 12 + 6.4 * max(map(len, names), default=0)})


def confusion_chart(rates: Rates, classes: Sequence[str]) -> go.Figure:
    """Shares of each true class, in %; rows sum to 100."""
    return _matrix(100 * rates, classes, colours=SEQUENTIAL, reach=(0.0, 100.0), form="{:.0f}")


def difference_chart(difference: Rates, classes: Sequence[str]) -> go.Figure:
    """Difference of two matrices of shares, in points."""
    points = 100 * difference
    most = float(max(1.0, np.abs(points).max()))
    return _matrix(points, classes, colours=diverging(), reach=(-most, most), form="{:+.0f}")


def _matrix(
    values: NDArray[np.float64],
    classes: Sequence[str],
    *,
    colours: str | list[tuple[float, str]],
    reach: tuple[float, float],
    form: str,
) -> go.Figure:
    few = len(classes) <= _FEW
    names = [chart_text(say_class(name)) for name in classes]
    chart = go.Figure(
        go.Heatmap(
            z=values.astype(np.float32),
            x=names,
            y=names,
            zmin=reach[0],
            zmax=reach[1],
            colorscale=colours,
            showscale=not few,
            colorbar={"thickness": 10, "outlinewidth": 0},
            xgap=1 if few else 0,
            ygap=1 if few else 0,
            text=_in_cells(values, form) if few else None,
            texttemplate="%{text}" if few else None,
            textfont={"size": LABEL},
            hovertemplate="true %{y}<br>predicted %{x}<br>%{z:.1f}<extra></extra>",
        )
    )
    frame(chart, "predicted class", "true class", height=430)
    chart.update_xaxes(type="category", tickangle=-45 if few else 0)
    chart.update_yaxes(type="category", autorange="reversed", title={"standoff": 4})
    if not few:
        for axis in (chart.update_xaxes, chart.update_yaxes):
            axis(showticklabels=False, ticks="")
    return chart


def _in_cells(values: NDArray[np.float64], form: str) -> list[list[str]]:
    """Numbers for the cells; what rounds to nought stays empty, so that the rest stands out."""
    return [
        ["" if abs(value) < 0.5 else form.format(value).replace("-", "−") for value in row]
        for row in values.tolist()
    ]


def class_chart(
    accuracies: Sequence[Sequence[ClassAccuracy]],
    cards: Sequence[Card],
    names: Sequence[str],
    classes: Sequence[str],
) -> go.Figure:
    """Accuracy per class of two cards, with intervals; the hardest class below."""
    order = np.argsort([one.mean for one in accuracies[0]], kind="stable")
    titles = [chart_text(say_class(classes[place])) for place in order]
    chart = go.Figure()
    for number, (found, card, name) in enumerate(zip(accuracies, cards, names, strict=True)):
        mean = np.array([100 * found[place].mean for place in order])
        low, high = (
            np.array([100 * float(np.clip(found[place].ci95[end], 0, 1)) for place in order])
            for end in (0, 1)
        )
        # Two cards of one activation differ in shape, not in colour.
        chart.add_scatter(
            x=mean,
            y=np.arange(len(order)) + (0.16 if number == 0 else -0.16),
            mode="markers",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high - mean,
                "arrayminus": mean - low,
                "color": card_colour(card),
                "thickness": 1.8,
                "width": 3,
            },
            marker={
                "size": 9,
                "color": card_colour(card),
                "symbol": "circle" if number == 0 else "diamond",
            },
            text=titles,
            hovertemplate=f"{name}<br>%{{text}}: %{{x:.1f}} %<extra></extra>",
        )
    frame(chart, "accuracy on the class, %", "", height=_AXIS + 26 * len(order))
    chart.update_yaxes(
        title=None, tickmode="array", tickvals=list(range(len(order))), ticktext=titles
    )
    chart.update_yaxes(range=[-0.7, len(order) - 0.3], showgrid=False, zeroline=False)
    chart.update_xaxes(showgrid=True)
    return chart


def batch_norm_chart(compared: Sequence[BatchNormGains]) -> go.Figure:
    """Gain over Sign with γ and β learned, and without, per activation, with paired intervals."""
    chart = go.Figure()
    names = [arm_of(one.activation).short for one in compared]
    for place, one in enumerate(compared):
        colour = activation_colour(one.activation)
        for gain, up, filled in ((one.without, 0.15, False), (one.learned, -0.15, True)):
            if gain:
                _gain_mark(chart, gain, place + up, colour, filled)
    frame(chart, "points over Sign", "", height=_AXIS + 64 * max(2, len(compared)))
    chart.add_vline(x=0, line={"color": ink().sign, "width": 2})
    chart.update_yaxes(
        title=None,
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=names,
        range=[-0.6, len(names) - 0.4],
        showgrid=False,
        zeroline=False,
    )
    gains = [gain for one in compared for gain in (one.without, one.learned) if gain]
    ends = [0.0, *(100 * gain.mean for gain in gains)]
    for gain in gains:
        if gain.difference and min(gain.difference.counts) > 2:  # two pairs: cut
            ends += [100 * bound for bound in gain.difference.ci95]
    margin = max(0.5, 0.15 * (max(ends) - min(ends)))
    chart.update_xaxes(range=[min(ends) - margin, max(ends) + margin], zeroline=False)
    return chart


def _gain_mark(chart: go.Figure, gain: Gain, y: float, colour: str, filled: bool) -> None:
    tested = gain.difference
    words = "γ, β learned" if filled else "γ, β fixed"
    low, high = (100 * bound for bound in tested.ci95) if tested else (np.nan, np.nan)
    told = f"95 % interval {low:+.2f} to {high:+.2f}" if tested else "one pair of seeds"
    chart.add_scatter(
        x=[100 * gain.mean],
        y=[y],
        mode="markers+text",
        error_x={
            "type": "data",
            "array": [(high - low) / 2 if tested else 0],
            "color": colour,
            "thickness": 2.2,
            "width": 4,
            "visible": tested is not None,
        },
        marker={
            "size": 11,
            "color": colour if filled else ink().ground,
            "line": {"color": colour, "width": 2},
        },
        text=[words],
        textposition="bottom center" if filled else "top center",
        textfont={"size": LABEL, "color": ink().quiet},
        hovertemplate=f"{words}: %{{x:+.2f}} points<br>{told}<extra></extra>",
    )


def density_chart(
    cards: Sequence[Card], names: Sequence[str], densities: Sequence[Mapping[str, float]]
) -> go.Figure:
    """Share of firing activations, layer by layer."""
    chart = go.Figure()
    ends = []
    for card, name, density in zip(cards, names, densities, strict=True):
        values = 100 * np.array(list(density.values()))
        layers = np.arange(1, len(values) + 1)
        chart.add_scatter(
            x=layers,
            y=values,
            mode="lines+markers",
            line={"color": card_colour(card), "width": 2.2, "dash": card_dash(card)},
            marker={"size": 6},
            text=list(density),
            hovertemplate=f"{name}<br>%{{text}}: %{{y:.1f}} %<extra></extra>",
        )
        ends.append((float(values[-1]), int(layers[-1]), name, card_colour(card)))
    frame(chart, "layer", "activation density, %", height=330)
    chart.add_hline(y=50, line={"color": ink().quiet, "width": 1, "dash": "dash"})
    top = max(75.0, 1.1 * max(y for y, _, _, _ in ends))
    _label_ends(chart, ends, pixels=250 / top)
    chart.update_yaxes(range=[0, top])
    chart.update_xaxes(dtick=1)
    _room_for_labels(chart, names, last=max(x for _, x, _, _ in ends))
    return chart


def wrong_chart(
    by_class: NDArray[np.int64], classes: Sequence[str], colours: tuple[str, str]
) -> go.Figure:
    """Pictures of each class that only the first, and only the second network has right."""
    balance = by_class[:, 0] - by_class[:, 1]
    order = np.argsort(balance, kind="stable")[::-1]
    if len(order) > 2 * _FEW:  # both ends
        order = np.concatenate([order[:_FEW], order[-_FEW:]])
    titles = [chart_text(say_class(classes[place])) for place in order[::-1]]
    chart = go.Figure()
    for side, colour, sense in ((0, colours[0], -1), (1, colours[1], 1)):
        counts = by_class[order[::-1], side]
        chart.add_bar(
            x=sense * counts,
            y=titles,
            orientation="h",
            marker={"color": colour, "line": {"width": 0}},
            text=counts,
            textposition="outside",
            textfont={"size": LABEL, "color": ink().text},
            cliponaxis=False,
            hovertemplate="%{y}: %{text} pictures<extra></extra>",
        )
    frame(chart, "pictures: ← only the first right · only the second right →", "")
    chart.update_layout(barmode="relative", bargap=0.3, height=_AXIS + 24 * max(4, len(order)))
    chart.update_yaxes(title=None, type="category", categoryarray=titles, showgrid=False)
    most = 1.2 * max(1, int(by_class.max()))
    chart.update_xaxes(range=[-most, most], showticklabels=False, zeroline=True)
    return chart
