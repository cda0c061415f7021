"""Steps eight and nine: inside trained networks, and what their figures show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from design_core.output.drawing import mosaic, mosaic_png, pixels_png
from design_core.pictures.samples import SAMPLES, sample
from design_core.study.evidence import answers, further, main_cards, verdict
from design_core.study.report import training_words
from design_core.zoo.arms import ARMS, arm_of
from design_core.zoo.card import Card
from ui.charts import accuracy_range, activation_colour, frame, ink, show_chart
from ui.figures import map_figure
from ui.learn.figures import percent, row
from ui.learn.step import Step, Told
from ui.networks import FORWARD, entry, zoo_cards
from ui.pytorch import pytorch

if TYPE_CHECKING:
    from design_core.lab.walkthrough import LayerWalk, Walk

__all__ = ["STEPS"]

_PICTURE = "cifar10-01"
_CHANNELS = 16
_SIGN, _DESIGN = ARMS["sign"].activation, ARMS["design2d"].activation


def _learned(activation: str) -> Card | None:
    """The card of an activation with γ and β learned, as most networks are trained."""
    for card in main_cards(zoo_cards()):
        if card.activation == activation and card.affine:
            return card
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _walked(first: str, second: str) -> Walk:
    from design_core.lab.walkthrough import Walker, walk

    networks = [Walker.trained(entry(reference).checkpoint) for reference in (first, second)]
    with FORWARD:
        return walk(sample(_PICTURE), networks[0], networks[1])


def _trained() -> Told:
    sign, design = _learned(_SIGN), _learned(_DESIGN)
    if sign is None or design is None:
        return Told("There is no trained pair of networks here yet.", _TRAIN, "compare")
    if not pytorch():
        return Told("Inside a network, each layer reads bits.", _TRAIN_OR_INSTALL, "compare")
    seed = min(set(sign.seeds) & set(design.seeds), default=sign.seeds[0])
    walked = _walked(f"{sign.name}@{seed}", f"{design.name}@{seed}")
    names = [layer.name for layer in walked.layers]
    st.session_state.setdefault("learn_block", names[0])
    if st.session_state["learn_block"] not in names:
        st.session_state["learn_block"] = names[0]
    chosen = st.segmented_control(
        "Layer",
        names,
        default=None,
        required=True,
        key="learn_block",
        persist_state="session",
    )
    name = chosen or names[0]
    layer = walked.layers[names.index(name)]
    row(_seen(), *(_maps_figure(layer, place) for place in (0, 1)), widths="1fr 2fr 2fr")
    fires = [_fires(card, name) for card in (sign, design)]
    return Told(
        f"On test pictures, {name} fires on {percent(fires[1], 0)} of its pixels with DeSign and "
        f"on {percent(fires[0], 0)} with Sign.",
        "Two networks, trained alike but for their activation, see one picture. Each tile holds "
        f"the bits of one of the first {_CHANNELS} channels of {name}, which is all that the next "
        "layer reads. Channels do not correspond, since each network learned its own. β was free "
        "to undo the shift of the thresholds, never their pattern.",
        f"predict?picture={_PICTURE}&networks={sign.name}-s{seed}.{design.name}-s{seed}",
    )


def _fires(card: Card, block: str) -> float:
    """Activation density of a block over the test set, mean over the seeds."""
    return float(card.to_dict()["density"][block])


def _seen() -> str:
    """The picture as the networks see it."""
    picture, about = sample(_PICTURE), SAMPLES[_PICTURE]
    height, width = picture.pixels.shape[:2]
    png = pixels_png(picture.pixels.astype(np.uint8))
    return map_figure(png, shape=(height, width), title=about.title, alt=about.alt)


_TRAIN_OR_INSTALL = "Looking into trained networks needs PyTorch; what they answer does not."
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
    found = answers(zoo_cards())
    main = main_cards(zoo_cards())
    if main:
        show_chart(
            _accuracy_chart(main),
            title=f"Test accuracy, {training_words(main[0])}",
            alt="; ".join(map(_accuracy_said, main)) + ".",
            key="evidence",
        )
    st.markdown("\n".join(f"- {answer.sentence()}" for answer in found))
    beside = "".join(f" {sentence}" for sentence in further(found))
    return Told(
        verdict(found),
        "DeSign changes two things: it shifts the threshold up, and it gives it a pattern. A "
        f"uniform threshold of the same mean has the shift alone, so it is the control to beat."
        f"{beside} Each dot is one trained network; few dots and short training carry few claims.",
        "compare",
    )


def _accuracy_said(card: Card) -> str:
    values = ", ".join(f"{100 * value:.1f}" for value in card.accuracies.values())
    learned = "learned" if card.affine else "not learned"
    return f"{arm_of(card.activation).title}, γ and β {learned}: {values} percent"


def _accuracy_chart(main: Sequence[Card]) -> go.Figure:
    colours = ink()
    chart = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.04)
    order = [arm.activation for arm in ARMS.values()]
    shown = [name for name in order if any(card.activation == name for card in main)]
    for card in main:
        if card.activation not in shown:
            continue
        column = 2 if card.affine else 1
        values = [100 * value for value in card.accuracies.values()]
        label = arm_of(card.activation).short
        colour = activation_colour(card.activation)
        if card.ci95:
            chart.add_scatter(
                x=[100 * bound for bound in card.ci95], y=[label] * 2, mode="lines",
                line={"color": colour, "width": 2}, hoverinfo="skip", row=1, col=column,
            )  # fmt: skip
        chart.add_scatter(
            x=values, y=[label] * len(values), mode="markers", row=1, col=column,
            marker={"size": 11, "color": colour, "line": {"color": colours.ground, "width": 1}},
            text=[f"seed {seed}" for seed in card.seeds],
            hovertemplate=f"{label}, %{{text}}<br>%{{x:.2f}} %<extra></extra>",
        )  # fmt: skip
    frame(chart, "test accuracy, %", "", height=60 + 40 * len(shown))
    chart.update_xaxes(matches="x", range=accuracy_range(main))
    chart.update_yaxes(
        categoryorder="array",
        categoryarray=[arm_of(name).short for name in reversed(shown)],
        range=[-0.6, len(shown) - 0.4],  # plotly's own leaves rows out beside a fixed x range
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
