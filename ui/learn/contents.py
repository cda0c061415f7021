"""What the article says and draws of our own measurements, as plain data for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import streamlit as st

from design_core.browser.kernels import plain_kernel
from design_core.engine.energy import WORD_READ_PJ, fetch_microjoules
from design_core.engine.report import NetworkTime, recorded
from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import encode_kernel
from design_core.scaling import Scale
from design_core.scores.lessons import (
    alternating,
    normal_disagreement,
    published_excess,
)
from design_core.search.block_tables import random_convolution_tables
from design_core.search.find import SearchResult, find_kernels
from design_core.study.evidence import answers, further, main_cards, verdict
from design_core.study.picture_cuts import picture_sentences, picture_studies
from design_core.study.report import training_words
from design_core.zoo.arms import ARMS, PICTURE_ARMS, Arm, arm_of, picture_arm
from design_core.zoo.card import Card
from ui.learn.parts import DIALS, PARTS, STAIRS
from ui.networks import entry, zoo_cards
from ui.pytorch import pytorch

__all__ = ["contents", "graph_network", "hidden_chart", "picture_pair", "pictures_chart"]

_NETWORK = "vgg_small, design:2x2-v2"
_PATTERN = PUBLISHED["2x2-v2"]


@st.cache_resource(show_spinner=False)
def contents() -> dict[str, Any]:
    """Everything that does not hang on the picture. Shared: do not change it."""
    cards = zoo_cards()
    return {
        "parts": PARTS,
        "dials": {name: vars(dial) for name, dial in DIALS.items()},
        "kernels": {name: plain_kernel(kernel) for name, kernel in _kernels().items()},
        "said": {**_costs(), **_objective(), **_scaling(), **_evidence_said(cards)},
        "lists": _lists(cards),
        "charts": {"hidden": hidden_chart(cards), "pictures": pictures_chart(cards)},
        "costs": _cost_bars(),
        "codes": {
            "checkerboard": encode_kernel(alternating()),
            "networks": _pair(main_cards(cards), "sign", "design2d"),
            "picture-networks": picture_pair(cards),
        },
    }


def _kernels() -> dict[str, ThresholdKernel]:
    return {
        **STAIRS,
        "checkerboard": alternating(),
        "bayer-2": PATTERNS["bayer"](2).scaled("quantile"),
        "phases": PATTERNS["bayer-phases"](2).scaled("quantile"),
    }


# --- why one bit


def _network() -> NetworkTime:
    times = recorded().networks_at(1, 1)
    return next((one for one in times if one.name == _NETWORK), times[0])


def _costs() -> dict[str, str]:
    report, network = recorded(), _network()
    ratios = [layer.ratio for layer in report.layers_at(1, 1)]
    return {
        "processor": str(report.cpu["name"]),
        "measured": f"{datetime.fromisoformat(report.date):%-d %B %Y}",
        "layers": f"{min(ratios):.0f} to {max(ratios):.0f}",
        "faster": f"{network.ratio:.1f}",
        "smaller": f"{network.size_ratio:.1f}",
        "word-read": f"{WORD_READ_PJ:.0f}",
    }


def _cost_bars() -> list[dict[str, Any]]:
    """Real against one bit: what the network takes, in file, time and estimated energy."""
    network = _network()
    joules = [fetch_microjoules(size) for size in (network.fp32_bytes, network.ram_bytes)]
    return [
        {
            "title": "File",
            "real": network.fp32_bytes,
            "bit": network.bytes,
            "texts": [f"{size / 1e6:.2f} MB" for size in (network.fp32_bytes, network.bytes)],
        },
        {
            "title": "Time for a picture",
            "real": network.fp32_ms,
            "bit": network.packed_ms,
            "texts": [f"{time:.2f} ms" for time in (network.fp32_ms, network.packed_ms)],
        },
        {
            "title": "Energy to fetch its weights, estimated",
            "real": joules[0],
            "bit": joules[1],
            "texts": [f"{energy:,.0f} µJ" for energy in joules],
        },
    ]


# --- what the objective selects


def _selected(form: str) -> SearchResult:
    """What the paper's objective selects among all 2×2 kernels; exact."""
    tables = random_convolution_tables(OMEGA, form=form)
    return find_kernels(tables, (2, 2), objective="tv", top=1)


def _objective() -> dict[str, str]:
    signed, relu = _selected("signed"), _selected("relu")
    best = relu.best[0]
    return {
        "ties": f"{signed.ties:,}",
        "all-kernels": f"{signed.kernels:,}",
        "sign-among": ", plain Sign among them" * signed.uniform_ties,
        "tv-winner": f"[{str(best.kernel).replace(';', '; ')}]",
        "tv-winner-keeps": f"{best.information:.2f}",
    }


def _scaling() -> dict[str, str]:
    low, high = published_excess()
    median = float(np.median(_PATTERN.thresholds))
    return {
        "excess": f"{100 * low:.1f} to {100 * high:.1f}\u00a0%",
        "uniform-beta": f"{-_uniform_threshold():.2f}".replace("-", "−"),
        "normal-left": f"{100 * float(normal_disagreement(_PATTERN, median)):.1f}\u00a0%",
    }


def _uniform_threshold() -> float:
    return float(Scale("published").thresholds([1])[0])


# --- what the networks say


def _evidence_said(cards: Sequence[Card]) -> dict[str, str]:
    main = main_cards(cards)
    return {
        "verdict": verdict(answers(cards)),
        "trained-how": training_words(main[0]) if main else "",
    }


def _lists(cards: Sequence[Card]) -> dict[str, list[str]]:
    found = answers(cards)
    return {
        "evidence": [answer.sentence() for answer in found],
        "further": further(found),
        "pictures": [f"{setting}: {told}" for setting, told in picture_sentences(cards)],
    }


def _row(card: Card, arm: Arm) -> dict[str, Any]:
    return {
        "label": arm.short,
        "colour": arm.colour,
        "values": [100 * value for value in card.accuracies.values()],
        "seeds": list(card.seeds),
        "interval": [100 * bound for bound in card.ci95] if card.ci95 else None,
    }


def hidden_chart(cards: Sequence[Card]) -> dict[str, Any] | None:
    """Accuracies of networks that differ in their hidden activation, γ and β learned."""
    main = [card for card in main_cards(cards) if card.affine]
    order = [arm.activation for arm in ARMS.values()]
    shown = sorted(
        (card for card in main if card.activation in order),
        key=lambda card: order.index(card.activation),
    )
    return _chart(shown, [arm_of(card.activation) for card in shown])


def pictures_chart(cards: Sequence[Card]) -> dict[str, Any] | None:
    """Accuracies of networks that differ in the cut of their picture, the best first."""
    studies = picture_studies(cards)
    shown = sorted(studies[0], key=lambda card: -card.accuracy) if studies else []
    return _chart(shown, [picture_arm(card.picture) for card in shown])


def _chart(shown: Sequence[Card], arms: Sequence[Arm]) -> dict[str, Any] | None:
    if not shown:
        return None
    return {
        "title": f"Test accuracy, {training_words(shown[0])}",
        "rows": [_row(card, arm) for card, arm in zip(shown, arms, strict=True)],
    }


# --- networks to look into


def _pair(cards: Sequence[Card], *keys: str) -> str:
    """The networks of these arms, γ and β learned, as Predict's links name them; or ""."""
    wanted = [ARMS[key].activation for key in keys]
    found = {card.activation: card for card in cards if card.affine}
    if not set(wanted) <= set(found):
        return ""
    return _linked([found[one] for one in wanted])


def picture_pair(cards: Sequence[Card]) -> str:
    """The networks that see Sign's bits and dithered bits, likewise."""
    studies = picture_studies(cards)
    found = {card.picture: card for card in (studies[0] if studies else [])}
    wanted = [PICTURE_ARMS[key].activation for key in ("sign", "phases2")]
    return _linked([found[one] for one in wanted]) if set(wanted) <= set(found) else ""


def _linked(cards: Sequence[Card]) -> str:
    common = set.intersection(*(set(card.seeds) for card in cards))
    return ".".join(f"{card.name}-s{min(common, default=card.seeds[0])}" for card in cards)


def graph_network() -> bytes:
    """The network that is drawn as a graph, DeSign 2D with γ and β learned; empty if none."""
    reference = _graph_reference()
    return _network_file(reference) if reference and pytorch() else b""


def _graph_reference() -> str:
    for card in main_cards(zoo_cards()):
        if card.activation == ARMS["design2d"].activation and card.affine:
            return f"{card.name}@{card.seeds[0]}"
    return ""


@st.cache_resource(max_entries=2, show_spinner=False)
def _network_file(reference: str) -> bytes:
    from design_core.browser.network import live_network

    return live_network(entry(reference).checkpoint, name=reference)
