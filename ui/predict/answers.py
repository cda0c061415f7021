"""What the networks see and say, as HTML: two pictures and a list of classes per network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.network_input import Seen, picture_bits, seen
from design_core.networks.activation import cut_kernel
from design_core.output.drawing import pixels_png
from design_core.pictures import fit
from design_core.zoo.entry import Prediction
from design_core.zoo.naming import card_arm, describe_network, say_class
from ui.charts import arm_colour
from ui.figures import kernel_image
from ui.predict.picture import Chosen
from ui.predict.subject import Subject

__all__ = ["answer_card", "answers_html", "percent", "seen_html"]

_SHOWN = 5  # classes per network
_ORIGINAL = 224  # longest side at which the original is sent, pixels
_SMALL = 64  # originals up to this are shown pixel by pixel, larger ones as photos
_CELL = 15  # of a kernel's picture beside a name, pixels


def percent(share: float) -> str:
    """A probability for people, to a tenth; never 0 or 100 where it is neither."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def seen_html(chosen: Chosen, seen: Seen, *, cut: bool) -> str:
    """The original with the part that is kept, and what the networks see of it.

    `cut` is whether one of them cuts it into bits, and does not see it as it is.
    """
    height, width = seen.pixels.shape[:2]
    small = _figure(
        pixels_png(seen.pixels),
        (height, width),
        title="What they are given" if cut else "What they see",
        alt=f"What the networks are given: {seen.words()} {chosen.alt}",
    )
    first = "" if seen.unchanged else _original(chosen, seen)
    return f'<div class="ds-seen">{first}{small}<p class="ds-note">{escape(seen.words())}</p></div>'


def answers_html(subject: Subject, answers: Sequence[Prediction]) -> str:
    """A card for each network, in the order of the page.

    Where a network cuts its picture into bits, every card shows what its network sees.
    """
    cards = []
    bits = [picture_bits(subject.picture, entry) for entry in subject.entries]
    pixels = seen(subject.picture, subject.form).pixels
    sights = [
        _sight(name, pixels if own is None else own, own is not None)
        for name, own in zip(subject.names, bits, strict=True)
    ]
    told = zip(subject.names, subject.entries, answers, sights, strict=True)
    for name, entry, answer, sight in told:
        card = entry.card
        cut = entry.picture if card.about_the_picture else entry.activation
        cards.append(
            answer_card(
                name,
                answer.probabilities,
                colour=arm_colour(card_arm(card)),
                kernel=cut_kernel(cut),
                about=describe_network(entry.card, entry.seed),
                foot=f"{answer.runs_on}, {answer.milliseconds:.1f} ms",
                true_class=subject.true_class,
                sight=sight if any(own is not None for own in bits) else "",
            )
        )
    return f'<div class="ds-answers">{"".join(cards)}</div>'


def answer_card(
    name: str,
    probabilities: Mapping[str, float],
    *,
    colour: str,
    kernel: ThresholdKernel | None,
    about: str,
    foot: str,
    true_class: str | None,
    sight: str = "",
) -> str:
    """One network's answer: its most probable classes, and the true one wherever it is.

    `sight` is a figure of what it sees, where that is not the same for all.
    """
    rows = [
        _row(label, share, label == true_class)
        for label, share in islice(probabilities.items(), _SHOWN)
    ]
    ranks = list(probabilities)
    if true_class is not None and ranks.index(true_class) >= _SHOWN:
        rank = f"rank {ranks.index(true_class) + 1} of {len(ranks)}"
        rows.append(_row(true_class, probabilities[true_class], True, note=rank))
    picture = "" if kernel is None else kernel_image(kernel, cell=_CELL)
    return (
        f'<article class="ds-answer" style="--c:{colour}"><header>{picture}<div>'
        f'<h2>{escape(name)}</h2><p class="ds-note">{escape(about)}</p></div></header>{sight}'
        f'<ol>{"".join(rows)}</ol><p class="ds-note">{escape(foot)}</p></article>'
    )


def _sight(name: str, pixels: NDArray[np.uint8], bits: bool) -> str:
    """What a network sees: its bits, or the real picture."""
    side = pixels.shape[0]
    kind = "one bit per pixel and colour" if bits else "real-valued pixels"
    return _figure(
        pixels_png(pixels),
        (side, side),
        title=f"It sees {kind}",
        alt=f"What {name} sees: {side} by {side} pixels, {kind}.",
    )


def _row(label: str, share: float, true: bool, *, note: str = "") -> str:
    said = [escape(note)] if note else []
    if true:
        said.append("true class")
    tag = f"<small>{', '.join(said)}</small>" if said else ""
    return (
        f'<li class="{"true" if true else ""}"><span>{escape(say_class(label))}{tag}</span>'
        f"<b>{escape(percent(share))}</b>"
        f'<i aria-hidden="true"><i style="width:{100 * share:.2f}%"></i></i></li>'
    )


def _original(chosen: Chosen, seen: Seen) -> str:
    """The picture as it came, reduced for the screen; the part that is kept in a frame."""
    small = fit(chosen.picture, _ORIGINAL)
    pixels = np.rint(small.rgb().transpose(1, 2, 0) * 255).astype(np.uint8)
    left, top, width, height = (100 * share for share in seen.crop)
    frame = (
        f'<span class="ds-crop" style="left:{left:.3f}%;top:{top:.3f}%;width:{width:.3f}%;'
        f'height:{height:.3f}%"></span>'
    )
    return _figure(
        pixels_png(pixels),
        (small.height, small.width),
        title="Original",
        alt=f"The original, {chosen.picture.width} by {chosen.picture.height} pixels: {chosen.alt}",
        over="" if width == height == 100 else frame,
        photo=max(small.height, small.width) > _SMALL,
    )


def _figure(
    png: bytes,
    size: tuple[int, int],
    *,
    title: str,
    alt: str,
    over: str = "",
    photo: bool = False,
) -> str:
    height, width = size
    kind = "ds-shot photo" if photo else "ds-shot"
    return (
        f'<figure><div class="{kind}" style="--w:{width}px;--aspect:{width / height:.5f}">'
        f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" width="{width}" '
        f'height="{height}" alt="{escape(alt, quote=True)}">{over}</div>'
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )
