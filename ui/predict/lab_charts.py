"""Charts of the lab panels. They draw what they are given; the panels write the titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from design_core.lab.diagnosis import BlockDiagnosis, XHistogram
from design_core.lab.perturbation_response import Response
from design_core.lab.strength import Counted
from design_core.networks.facts import PICTURE
from design_core.pictures.perturbations import Perturbation
from design_core.zoo.naming import say_class
from ui.charts import LABEL, ORANGE, beside, frame, ink, label_colour, translucent
from ui.predict.lab import Network
from ui.text import chart_text

__all__ = [
    "blocks_chart",
    "channels_chart",
    "confidence_chart",
    "flips_chart",
    "histogram_chart",
    "strength_chart",
]

_PLOT_PIXELS = 190  # height of a plot's inside
_LINE = 15  # height of a label
_LETTER = 6.2  # width of one, roughly
_LONGEST = 18  # letters in a line of a label
_LABELLED = 6  # thresholds with labels of their own

Series = Sequence[tuple[Network, NDArray[np.float64]]]


def confidence_chart(
    responses: Sequence[tuple[Network, Response]], perturbation: Perturbation, strength: float
) -> go.Figure:
    """Probability of the class first given, over all strengths; hollow where the class is lost."""
    chart = go.Figure()
    for network, response in responses:
        chart.add_scatter(
            x=response.strengths.astype(np.float32),
            y=100 * response.confidence.astype(np.float32),
            mode="lines+markers",
            line={"color": network.colour, "width": 2, "dash": network.dash},
            marker={
                "size": 7,
                "color": [network.colour if kept else ink().ground for kept in response.keeps],
                "line": {"color": network.colour, "width": 1.5},
            },
            customdata=[
                chart_text(say_class(response.classes[k])) for k in response.probabilities.argmax(1)
            ],
            hovertemplate=f"{network.name}: %{{customdata}}<br>"
            f"{response.clean_class}: %{{y:.1f}} %<extra></extra>",
        )
    frame(chart, f"{perturbation.title.lower()}, {perturbation.unit}", "confidence, %")
    chart.update_yaxes(range=[-4, 104])
    _now(chart, perturbation, strength)
    _name_lines(chart, [(n, 100 * r.confidence) for n, r in responses], (-4, 104))
    return chart


def flips_chart(
    responses: Sequence[tuple[Network, Response]], perturbation: Perturbation, strength: float
) -> go.Figure:
    """Mean share of flipped bits over the blocks, over all strengths."""
    chart = go.Figure()
    for network, response in responses:
        chart.add_scatter(
            x=response.strengths.astype(np.float32),
            y=100 * response.all_flipped.astype(np.float32),
            mode="lines",
            line={"color": network.colour, "width": 2, "dash": network.dash},
            hovertemplate=f"{network.name}: %{{y:.1f}} % changed<extra></extra>",
        )
    frame(chart, f"{perturbation.title.lower()}, {perturbation.unit}", "changed bits, %")
    top = _top([100 * response.all_flipped for _, response in responses])
    chart.update_yaxes(range=[0, top])
    _now(chart, perturbation, strength)
    _name_lines(chart, [(n, 100 * r.all_flipped) for n, r in responses], (0, top))
    return chart


def blocks_chart(responses: Sequence[tuple[Network, Response]], strength: float) -> go.Figure:
    """Share of flipped bits block by block, at one strength."""
    chart = go.Figure()
    series: list[tuple[Network, NDArray[np.float64]]] = []
    ends: list[int] = []
    for network, response in responses:
        k = response.index(strength)
        first = 0 if next(iter(response.flipped)) == PICTURE else 1  # block k stands over k
        shares = np.array([100 * flipped[k] for flipped in response.flipped.values()])
        series.append((network, shares))
        ends += [first, first + len(shares) - 1]
        chart.add_scatter(
            x=np.arange(first, first + len(shares)),
            y=shares.astype(np.float32),
            mode="lines+markers",
            line={"color": network.colour, "width": 2, "dash": network.dash},
            marker={"size": 7, "color": network.colour},
            text=list(response.flipped),
            hovertemplate=f"{network.name}, %{{text}}: %{{y:.1f}} % changed<extra></extra>",
        )
    top = _top([shares for _, shares in series])
    frame(chart, "block", "changed bits, %")
    ticks = range(min(ends), max(ends) + 1, 1 if max(ends) <= 10 else 3)
    chart.update_xaxes(tickvals=[*ticks], ticktext=[str(tick or PICTURE) for tick in ticks])
    chart.update_yaxes(range=[0, top])
    _name_lines(chart, series, (0, top))
    return chart


def histogram_chart(block: BlockDiagnosis, picture: XHistogram | None, colour: str) -> go.Figure:
    """What the activation receives, with its thresholds drawn in.

    Parameters
    ----------
    picture
        Of the picture in view, drawn as a line; None where the block is of that picture itself.
    """
    colours = ink()
    histogram = block.histogram
    chart = go.Figure(
        go.Scatter(
            x=histogram.centres.astype(np.float32),
            y=histogram.density.astype(np.float32),
            mode="lines",
            line={"color": colours.quiet, "width": 1.5, "shape": "hvh"},
            fill="tozeroy",
            fillcolor=translucent(colours.sign, 0.18),
            hovertemplate="x %{x:.2f}<br>%{y:.3f} per unit<extra></extra>",
        )
    )
    if picture is not None:
        chart.add_scatter(
            x=picture.centres.astype(np.float32),
            y=picture.density.astype(np.float32),
            mode="lines",
            line={"color": ORANGE, "width": 1.5, "shape": "hvh"},
            hovertemplate="this picture, x %{x:.2f}<br>%{y:.3f} per unit<extra></extra>",
        )
    normal = np.exp(-(histogram.centres**2) / 2) / np.sqrt(2 * np.pi)
    chart.add_scatter(
        x=histogram.centres.astype(np.float32),
        y=normal.astype(np.float32),
        mode="lines",
        line={"color": colours.text, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    labelled = len(block.levels) if len(block.levels) <= _LABELLED else 0
    for number, (threshold, share) in enumerate(zip(block.levels, block.shares, strict=True)):
        chart.add_vline(x=float(threshold), line={"color": colour, "width": 2})
        if number < labelled:  # a row for each, so that none runs into the next
            chart.add_annotation(
                x=float(threshold),
                y=1,
                yref="paper",
                xanchor="left",
                yanchor="bottom",
                yshift=_LINE * (labelled - 1 - number),
                showarrow=False,
                text=f"T {threshold:.2f}: {100 * share:.0f} %",
                font={"size": LABEL, "color": colours.text},
            )
    frame(chart, "x, in units of the batch norm", "probability per unit")
    chart.update_xaxes(range=[-4, 4], zeroline=False)
    chart.update_yaxes(rangemode="tozero")
    chart.update_layout(margin={"t": 8 + _LINE * labelled})
    return chart


def channels_chart(block: BlockDiagnosis, colour: str) -> go.Figure:
    """Activation density of every channel, in rising order; dead and saturated ones in orange."""
    density = 100 * np.sort(block.channels)
    constant = (density == 0) | (density == 100)
    chart = go.Figure(
        go.Bar(
            x=np.arange(1, len(density) + 1),
            y=density.astype(np.float32),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{y:.1f} %<extra></extra>",
        )
    )
    if constant.any():
        places = np.flatnonzero(constant)
        chart.add_scatter(
            x=places + 1,
            y=density[places].astype(np.float32),
            mode="markers",
            marker={"size": 8, "color": ORANGE, "symbol": "x"},
            hovertemplate="%{y:.0f} %: constant<extra></extra>",
            cliponaxis=False,
        )
    mean = 100 * block.density
    chart.add_hline(y=mean, line={"color": ink().text, "width": 1, "dash": "dot"})
    chart.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=mean,
        yanchor="bottom",
        showarrow=False,
        text=f"mean {mean:.1f} %",
        font={"size": LABEL, "color": ink().text},
    )
    frame(chart, "channels, by density", "activation density, %")
    chart.update_layout(bargap=0.15)
    chart.update_yaxes(range=[0, 100])
    return chart


def strength_chart(
    curves: Sequence[tuple[Network, Mapping[float, Counted]]], *, of: str
) -> go.Figure:
    """Accuracy over the factor on all thresholds, with Wilson's intervals."""
    chart = go.Figure()
    lowest = 100.0
    ends: list[tuple[Network, NDArray[np.float64]]] = []
    for network, curve in curves:
        strengths = np.array(sorted(curve))
        accuracy = 100 * np.array([curve[s].accuracy for s in strengths])
        low, high = 100 * np.array([curve[s].interval for s in strengths]).T
        lowest = min(lowest, float(low.min()))
        if len(strengths) > 1:
            ends.append((network, accuracy))
        else:
            beside(chart, 0.0, float(accuracy[0]), network.name, network.colour)
        alone = len(strengths) == 1  # Sign with nothing to scale: a point with its interval
        chart.add_scatter(
            x=np.concatenate([strengths, strengths[::-1]]).astype(np.float32),
            y=np.concatenate([high, low[::-1]]).astype(np.float32),
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=translucent(network.colour, 0.15),
            hoverinfo="skip",
        )
        chart.add_scatter(
            x=strengths.astype(np.float32),
            y=accuracy.astype(np.float32),
            mode="lines+markers",
            line={"color": network.colour, "width": 2, "dash": network.dash},
            marker={"size": 6, "color": network.colour},
            error_y={
                "array": high - accuracy,
                "arrayminus": accuracy - low,
                "symmetric": False,
                "visible": alone,
            },
            customdata=np.stack([low, high], 1).astype(np.float32),
            hovertemplate=f"{network.name} at %{{x:g}} ×: %{{y:.1f}} %<br>"
            "95 % interval %{customdata[0]:.1f} to %{customdata[1]:.1f}<extra></extra>",
        )
    frame(chart, f"factor on the thresholds of {of}; 0 is Sign", "accuracy, %", height=330)
    bottom = max(0.0, 10 * np.floor(lowest / 10) - 2)
    chart.update_xaxes(range=[-0.04, 1.54], dtick=0.25)
    chart.update_yaxes(range=[bottom, 101])
    _name_lines(chart, ends, (bottom, 101), height=245)
    return chart


def _now(chart: go.Figure, perturbation: Perturbation, strength: float) -> None:
    """Mark the strength in view, and run from the mildest to the strongest."""
    strengths = perturbation.strengths
    margin = 0.02 * (strengths[-1] - strengths[0])
    ends = [strengths[0] - margin, strengths[-1] + margin]
    if perturbation.mildest == strengths[-1]:
        ends.reverse()
    chart.update_xaxes(range=ends, zeroline=False)
    chart.add_vline(x=strength, line={"color": ink().quiet, "width": 1, "dash": "dot"})


def _top(series: Sequence[NDArray[np.float64]]) -> float:
    return max(10.0, 1.12 * max(float(values.max()) for values in series))


def _name_lines(
    chart: go.Figure, series: Series, span: tuple[float, float], *, height: int = _PLOT_PIXELS
) -> None:
    """Write each line's name beside its end, clear of the other names."""
    low, high = span
    unit = height / (high - low)  # pixels per unit
    names = ["<br>".join(wrap(network.name, _LONGEST)) for network, _ in series]
    ends = sorted(((float(values[-1]) - low) * unit, n) for n, (_, values) in enumerate(series))
    sizes = [_LINE * (1 + names[n].count("<br>")) for _, n in ends]
    places = _apart([end for end, _ in ends], sizes, height)
    for (_, n), place in zip(ends, places, strict=True):
        chart.add_annotation(
            x=1,
            xref="paper",
            xanchor="left",
            xshift=5,
            y=low + place / unit,
            yanchor="middle",
            align="left",
            showarrow=False,
            text=names[n],
            font={"size": LABEL, "color": label_colour(series[n][0].colour)},
        )
    letters = max((len(line) for name in names for line in name.split("<br>")), default=0)
    chart.update_layout(margin={"r": 12 + round(_LETTER * letters)})


def _apart(wanted: Sequence[float], sizes: Sequence[int], height: int) -> list[float]:
    """Ascending middles, as near to the wanted ones as labels of these sizes allow."""
    placed: list[float] = []
    for n, (place, size) in enumerate(zip(wanted, sizes, strict=True)):
        above = placed[-1] + (sizes[n - 1] + size) / 2 if placed else size / 2
        placed.append(max(place, above))
    highest = height + _LINE / 2  # half a line may stand above the plot
    for n in reversed(range(len(placed))):
        placed[n] = min(placed[n], highest - sizes[n] / 2)
        highest = placed[n] - sizes[n] / 2
    return placed
