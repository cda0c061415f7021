"""Steps eight and nine: inside trained networks, and what their figures show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from design_core.drawing import mosaic, mosaic_png
from design_core.samples import SAMPLES, sample
from design_core.zoo.card import Card
from design_core.zoo.evidence import answers, main_cards, verdict
from design_core.zoo.plan import ACTIVATIONS, activation_title
from design_core.zoo.statistics import mean_interval
from design_core.zoo.walk import LayerWalk, Walk, Walker, walk
from ui.charts import activation_colour, frame, ink, show_chart
from ui.figures import map_figure
from ui.learn.figures import percent, row
from ui.learn.step import Step, Told, explore
from ui.networks import FORWARD, cards, entry

__all__ = ["STEPS"]

_PICTURE = "cifar10-01"
_CHANNELS = 16
_SIGN, _DESIGN = ACTIVATIONS["sign"][0], ACTIVATIONS["design2d"][0]
_SHORT = {
    "sign": "Sign",
    "uniform": "uniform control",
    "swapped": "DeSign [1 3; 3 1]",
    "design2d": "DeSign [1 1; 3 3]",
    "design3d": "DeSign 3D",
    "own": "own kernel",
}


def _learned(activation: str) -> Card | None:
    """The card of an activation with γ and β learned, as most networks are trained."""
    for card in main_cards(cards()):
        if card.activation == activation and card.network["affine"]:
            return card
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _walked(first: str, second: str) -> Walk:
    networks = [Walker.trained(entry(reference).checkpoint) for reference in (first, second)]
    with FORWARD:
        return walk(sample(_PICTURE), networks[0], networks[1])


def _trained() -> Told:
    pair = _learned(_SIGN), _learned(_DESIGN)
    link = explore(picture=_PICTURE, source="picture")
    if pair[0] is None or pair[1] is None:
        return Told("There is no trained pair of networks here yet.", _TRAIN, link)
    sign, design = pair
    seed = min(set(sign.seeds) & set(design.seeds), default=sign.seeds[0])
    walked = _walked(f"{sign.name}@{seed}", f"{design.name}@{seed}")
    names = [layer.name for layer in walked.layers]
    st.session_state.setdefault("learn_block", names[0])
    if st.session_state["learn_block"] not in names:
        st.session_state["learn_block"] = names[0]
    name = st.segmented_control(
        "Layer", names, required=True, key="learn_block", persist_state="session"
    )
    layer = walked.layers[names.index(name)]
    row(*(_maps_figure(layer, place) for place in (0, 1)))
    by_block = [np.mean([result.density[name] for result in card.results]) for card in pair if card]
    return Told(
        f"Trained with DeSign, {name} fires on {percent(by_block[1], 0)} of the test pictures' "
        f"pixels; with Sign, on {percent(by_block[0], 0)}.",
        f"Two networks, trained alike but for their activation, see the picture {_PICTURE}. These "
        f"are the bits of their first {_CHANNELS} channels; each tile is what the next layer "
        "reads. Channels do not correspond, since each network learned its own. β was free to "
        "undo the shift of the thresholds, and could not undo their pattern.",
        link,
    )


_TRAIN = "Train one with `python -m design_core zoo train`, and come back."


def _maps_figure(layer: LayerWalk, place: int) -> str:
    bits = layer.bits[place][:_CHANNELS]
    laid = mosaic(bits, columns=4)
    name = ("Sign", "DeSign")[place]
    density = float(layer.density[place].mean())
    return map_figure(
        mosaic_png(laid),
        shape=(laid.shape[0], laid.shape[1]),
        title=f"{name}, {layer.name}: fires on {percent(density)} here",
        alt=f"Bits of the first {len(bits)} of {layer.shape[0]} channels of {layer.name} in the "
        f"network trained with {name}; on this picture {percent(density)} of all its bits are +1. "
        f"{SAMPLES[_PICTURE].alt}",
    )


# --- what the figures show


def _evidence() -> Told:
    found = answers(cards())
    main = main_cards(cards())
    if main:
        first = main[0]
        show_chart(
            _accuracy_chart(main),
            title=f"Test accuracy, {first.dataset}, {first.network['name']} of width "
            f"{first.network['width']}, {first.recipe['epochs']} epochs",
            alt="; ".join(map(_accuracy_said, main)) + ".",
            key="evidence",
        )
    wanted = [answer for answer in found if answer.question in ("both", "pattern")]
    lines = "\n".join(
        f"- γ, β {'' if answer.affine else 'not '}learned. {_capital(answer.sentence())}."
        for answer in wanted
    )
    return Told(
        verdict(found),
        "DeSign changes two things: it shifts the threshold up, and it gives it a pattern. A "
        "uniform threshold of the same mean has the shift alone, so it is the control to beat. "
        f"Each dot is a trained network; few dots, and short training, carry few claims.\n\n{lines}",
        explore(picture="cifar10-01", source="picture"),
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _accuracy_said(card: Card) -> str:
    values = ", ".join(f"{100 * value:.1f}" for value in card.accuracies.values())
    learned = "learned" if card.network["affine"] else "not learned"
    return f"{activation_title(card.activation)}, γ and β {learned}: {values} percent"


def _accuracy_chart(main: Sequence[Card]) -> go.Figure:
    colours = ink()
    chart = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.04)
    keys = {name: key for key, (name, _) in ACTIVATIONS.items()}
    order = [ACTIVATIONS[key][0] for key in _SHORT]
    shown = [name for name in order if any(card.activation == name for card in main)]
    for card in main:
        if card.activation not in shown:
            continue
        column = 2 if card.network["affine"] else 1
        values = [100 * value for value in card.accuracies.values()]
        label = _SHORT[keys[card.activation]]
        colour = activation_colour(card.activation)
        interval = mean_interval(values)
        if interval:
            chart.add_scatter(
                x=list(interval), y=[label] * 2, mode="lines", hoverinfo="skip",
                line={"color": colour, "width": 2}, row=1, col=column,
            )  # fmt: skip
        chart.add_scatter(
            x=values, y=[label] * len(values), mode="markers", row=1, col=column,
            marker={"size": 11, "color": colour, "line": {"color": colours.ground, "width": 1}},
            text=[f"seed {seed}" for seed in card.seeds],
            hovertemplate=f"{label}, %{{text}}<br>%{{x:.2f}} %<extra></extra>",
        )  # fmt: skip
    frame(chart, "test accuracy, %", "", height=60 + 40 * len(shown))
    everything = [100 * value for card in main for value in card.accuracies.values()]
    chart.update_xaxes(range=[min(everything) - 0.7, max(everything) + 0.7])
    chart.update_yaxes(
        categoryorder="array", categoryarray=[_SHORT[keys[name]] for name in reversed(shown)]
    )
    for column, title in ((1, "γ, β not learned"), (2, "γ, β learned")):
        chart.add_annotation(
            xref=f"x{'' if column == 1 else column} domain", yref="paper", x=0, y=1,
            yanchor="bottom", text=f"<b>{title}</b>", showarrow=False,
            font={"size": 12, "color": colours.text},
        )  # fmt: skip
    chart.update_layout(margin={"t": 26})
    return chart


STEPS = (
    Step("trained", "Inside a network", _trained),
    Step("evidence", "What our figures show", _evidence),
)
