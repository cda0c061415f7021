"""Perturb the picture: who keeps its class longest, and where bits change."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core.lab.perturbation_response import Response, holding
from design_core.output.drawing import pixels_png
from design_core.pictures.perturbations import PERTURBATIONS, Perturbation, Pixels
from design_core.zoo.naming import say_class
from ui.charts import chart_title, show_chart
from ui.predict import keys
from ui.predict.answers import percent
from ui.predict.lab import Network, networks, responded
from ui.predict.lab_charts import blocks_chart, confidence_chart, flips_chart
from ui.predict.lab_choices import FIRST_PERTURBATION, MOST_DRAWS
from ui.predict.subject import Subject

__all__ = ["perturb_panel"]

Answers = Sequence[tuple[Network, Response]]


def perturb_panel(subject: Subject) -> None:
    """Controls, the picture before and after, the answers, and curves over all strengths."""
    perturbation, strength, seed = _controls()
    with st.spinner("Asking each network at every strength …"):  # shows after half a second only
        responses = [
            (network, responded(subject.picture, network, perturbation.name, seed))
            for network in networks(subject)
        ]
    told = {network.name: response for network, response in responses}
    chart_title(holding(told, true_class=subject.true_class))
    pixels = subject.form.pixels(subject.picture)[0].numpy()
    perturbed = perturbation(pixels, strength, seed=seed)
    psnr = responses[0][1].psnr[responses[0][1].index(strength)]
    st.html(
        '<div class="ds-predict">'
        + _pictures(pixels, perturbed, f"{perturbation.title}: {perturbation.told(strength)}", psnr)
        + _table(responses, strength, subject.true_class)
        + "</div>"
    )
    _charts(responses, perturbation, strength)
    st.caption(
        "What is changed are the pixels that the networks get, after the picture was cropped and "
        f"reduced. {perturbation.meaning} Hollow marks: another class came first."
    )


def _controls() -> tuple[Perturbation, float, int]:
    name = st.segmented_control(
        "Perturbation",
        list(PERTURBATIONS),
        format_func=lambda key: PERTURBATIONS[key].title,
        default=FIRST_PERTURBATION,
        required=True,
        key=keys.PERTURB_KIND,
        persist_state="session",
        label_visibility="collapsed",
    )
    perturbation = PERTURBATIONS[str(name)]
    noise = perturbation.name == "noise"
    left, *right = st.columns([4, 1] if noise else 1, vertical_alignment="bottom")
    strength = left.select_slider(
        f"Strength, {perturbation.unit}",
        perturbation.strengths,
        perturbation.start,
        format_func=lambda value: f"{value:g}".replace("-", "−"),
        key=keys.PERTURB + perturbation.name,
        persist_state="session",
        help=perturbation.meaning,
    )
    seed = 0
    if noise:
        seed = right[0].number_input(
            "Draw",
            0,
            MOST_DRAWS,
            0,
            key=keys.PERTURB_DRAW,
            persist_state="session",
            help="Seed of the noise: each number is another fixed pattern. One draw is one draw.",
        )
    return perturbation, float(strength), int(seed)


def _pictures(pixels: Pixels, perturbed: Pixels, title: str, psnr: float) -> str:
    """Before and after at the same size."""
    told = "unchanged" if math.isinf(psnr) else f"PSNR {psnr:.1f} dB"
    return (
        '<div class="ds-seen">'
        + _figure(pixels, "As it is", "What the networks see, as it is")
        + _figure(perturbed, f"{title} · {told}", f"The same with {title.lower()}, {told}")
        + "</div>"
    )


def _figure(pixels: Pixels, title: str, alt: str) -> str:
    height, width = pixels.shape[:2]
    png = base64.b64encode(pixels_png(np.ascontiguousarray(pixels))).decode()
    return (
        f'<figure><div class="ds-shot" style="--w:{width}px;--h:{height}px;'
        f'--aspect:{width / height:.5f};--side:160px"><img src="data:image/png;base64,{png}" '
        f'width="{width}" height="{height}" alt="{escape(alt, quote=True)}"></div>'
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )


def _table(responses: Answers, strength: float, true_class: str | None) -> str:
    """A row per network: its answer before and now, and what flipped."""
    first_block = next(iter(responses[0][1].flipped))
    heads = ("Network", "As it is", "Now", "Changed bits", f"Edges in {first_block}")
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    rows = "".join(
        _row(network, response, response.index(strength), heads, true_class)
        for network, response in responses
    )
    return (
        f'<div class="ds-responses"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _row(
    network: Network, response: Response, k: int, heads: Sequence[str], true_class: str | None
) -> str:
    now = int(response.probabilities[k].argmax())
    cells = (
        _said(response.clean_class, float(response.clean.max()), true_class),
        _said(response.classes[now], float(response.probabilities[k, now]), true_class)
        + ("" if response.keeps[k] else f"<small>first answer {_percent(response, k)}</small>"),
        f"{100 * response.all_flipped[k]:.1f} % of {'bits' if network.is_binary else 'signs'}",
        f"{response.clean_tv:.3f} → {response.tv[k]:.3f}",
    )
    body = "".join(
        f'<td data-label="{escape(head, quote=True)}"><span>{cell}</span></td>'
        for head, cell in zip(heads[1:], cells, strict=True)
    )
    return (
        f'<tr style="--c:{network.colour}"><th scope="row">{escape(network.name)}</th>{body}</tr>'
    )


def _said(name: str, share: float, true_class: str | None) -> str:
    right = ' <small title="the true class">true</small>' if name == true_class else ""
    return f"<b>{escape(say_class(name))}</b> {escape(percent(share))}{right}"


def _percent(response: Response, k: int) -> str:
    return escape(percent(float(response.confidence[k])))


def _charts(responses: Answers, perturbation: Perturbation, strength: float) -> None:
    confidence, flips, blocks = st.columns(3, gap="medium")
    at = perturbation.told(strength)
    with confidence:
        show_chart(
            confidence_chart(responses, perturbation, strength),
            title="Confidence in the first answer",
            alt=_values(responses, strength, lambda r: r.confidence) + f" at {at}.",
            key="perturb_confidence",
        )
    with flips:
        show_chart(
            flips_chart(responses, perturbation, strength),
            title="Changed bits, mean of all blocks",
            alt=_values(responses, strength, lambda r: r.all_flipped) + f" at {at}.",
            key="perturb_flips",
        )
    with blocks:
        show_chart(
            blocks_chart(responses, strength),
            title=f"Changed bits by block, at {at}",
            alt=_by_block(responses, strength),
            key="perturb_blocks",
        )


def _values(
    responses: Answers, strength: float, quantity: Callable[[Response], NDArray[np.float64]]
) -> str:
    return "; ".join(
        f"{network.name} {100 * quantity(response)[response.index(strength)]:.1f} %"
        for network, response in responses
    )


def _by_block(responses: Answers, strength: float) -> str:
    return "; ".join(
        f"{network.name}: "
        + ", ".join(
            f"{block} {100 * flipped[response.index(strength)]:.1f} %"
            for block, flipped in response.flipped.items()
        )
        for network, response in responses
    )
