"""What CamVid's networks answer: mean IoU by arm, and the two tests that were written down first.

Questions and tests are those of ``docs/strategies.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from design_core.segmentation.scores import class_iou
from design_core.statistics import Difference, holm, mean_interval, paired_difference
from design_core.study.claims import claim_words, corrected_words
from design_core.zoo.arms import ARMS, arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import data_set_heading, training_name

__all__ = ["PixelAnswer", "pixel_answers", "segmentation_markdown", "segmentation_sentences"]

#: DeSign 2D minus each of these, tested together.
_LESS = ("sign", "uniform")


@dataclass(frozen=True)
class PixelAnswer:
    """DeSign 2D against another arm, in mean IoU.

    Parameters
    ----------
    card, other
        DeSign 2D's, and that of the other arm.
    difference
        Of the last epoch's mean IoU over the seeds that both have, paired.
    p
        Corrected by Holm's method over the tests that are answered.
    """

    card: Card
    other: Card
    difference: Difference
    p: float

    def sentence(self) -> str:
        """The difference, its interval and p, and what it claims."""
        names = " minus ".join(arm_of(one.activation).short for one in (self.card, self.other))
        told, claim = (tell(self.difference, self.p) for tell in (corrected_words, claim_words))
        return f"{names} in mean IoU: {told}: {claim}."


def pixel_answers(cards: Sequence[Card]) -> list[PixelAnswer]:
    """The tests that two or more common seeds answer, DeSign 2D minus Sign first."""
    tested = []
    for card in _of_arm(cards, "design2d"):
        for key in _LESS:
            for other in _of_arm(cards, key):
                common = sorted(set(card.seeds) & set(other.seeds))
                if _setting(card) == _setting(other) and len(common) >= 2:
                    pair = ([one.mean_ious[seed] for seed in common] for one in (card, other))
                    tested.append((card, other, paired_difference(*pair)))
    corrected = holm([difference.p for *_, difference in tested])
    return [PixelAnswer(*found, p) for found, p in zip(tested, corrected, strict=True)]


def segmentation_sentences(cards: Sequence[Card]) -> list[tuple[str, str]]:
    """A setting and a sentence for each card and each test, as `zoo report` tells them."""
    found = [(_setting(card), _told(card)) for card in _ordered(cards)]
    return found + [(_setting(one.card), one.sentence()) for one in pixel_answers(cards)]


def _told(card: Card) -> str:
    seeds = len(card.seeds)
    return (
        f"{arm_of(card.activation).short} has a mean IoU of {_percent(card.mean_ious)}, "
        f"{_percent(card.accuracies)} of the pixels right ({seeds} seed{'s' if seeds > 1 else ''})."
    )


def _percent(by_seed: dict[int, float]) -> str:
    """Mean in percent, and half the 95 % interval."""
    values = list(by_seed.values())
    interval = mean_interval(values)
    spread = "" if interval is None else f" ± {50 * (interval[1] - interval[0]):.2f}"
    return f"{100 * float(np.mean(values)):.2f}{spread} %"


def segmentation_markdown(cards: Sequence[Card]) -> str:
    """Tables: each arm's scores, IoU by class, the tests; empty without cards."""
    return "\n".join(_lines(_ordered(cards))) if cards else ""


def _lines(cards: Sequence[Card]) -> Iterator[str]:
    yield f"**{_setting(cards[0])}**"
    yield ""
    yield "| activation | mean IoU, % | pixels right, % | seeds |"
    yield "|---|---|---|---|"
    for card in cards:
        scores = (_percent(one).removesuffix(" %") for one in (card.mean_ious, card.accuracies))
        yield f"| {arm_of(card.activation).title} | {' | '.join(scores)} | {len(card.seeds)} |"
    yield ""
    yield f"| IoU by class, all seeds together, % | {' | '.join(cards[0].class_names)} |"
    yield f"|---|{'---|' * len(cards[0].class_names)}"
    for card in cards:
        each = (f"{100 * iou:.1f}" for iou in class_iou(card.confusion))
        yield f"| {arm_of(card.activation).short} | {' | '.join(each)} |"
    yield ""
    for answer in pixel_answers(cards):
        yield f"- {answer.sentence()}"
    yield ""


def _setting(card: Card) -> str:
    return f"{data_set_heading(card.dataset)}, {training_name(card)}"


def _of_arm(cards: Sequence[Card], key: str) -> list[Card]:
    return [card for card in cards if card.activation == ARMS[key].activation]


def _ordered(cards: Sequence[Card]) -> list[Card]:
    """In the order of the arms."""
    order = [arm.activation for arm in ARMS.values()]
    known = [card for card in cards if card.activation in order]
    rest = [card for card in cards if card.activation not in order]
    return [*sorted(known, key=lambda card: order.index(card.activation)), *rest]
