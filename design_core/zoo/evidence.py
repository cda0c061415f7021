"""What the zoo says of DeSign's case: does the threshold's shift help, and does its pattern?

DeSign changes two things at once. Its thresholds are above 0 on the mean, a shift that a uniform
threshold has too; and they differ from pixel to pixel, the pattern that is DeSign's own. So
DeSign against Sign answers neither question; the uniform control of the same mean parts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from design_core.zoo.card import Card
from design_core.zoo.influence import Gain, gain_over
from design_core.zoo.naming import batch_norm_words
from design_core.zoo.plan import ACTIVATIONS
from design_core.zoo.report import claimed, gain_words
from design_core.zoo.tables import partner

__all__ = ["QUESTIONS", "Answer", "answers", "main_cards", "verdict"]

_SIGN, _DESIGN, _UNIFORM = (ACTIVATIONS[key][0] for key in ("sign", "design2d", "uniform"))

#: What is asked: the activations that are compared, the first less the second.
QUESTIONS = {
    "both": (_DESIGN, _SIGN),
    "shift": (_UNIFORM, _SIGN),
    "pattern": (_DESIGN, _UNIFORM),
}


@dataclass(frozen=True)
class Answer:
    """A question put to two cards.

    Parameters
    ----------
    question
        A key of `QUESTIONS`.
    gain
        The cards and the difference over their seeds.
    """

    question: str
    gain: Gain

    @property
    def direction(self) -> int:
        """1 or −1 where enough seeds carry a claim, else 0: open."""
        if not claimed(self.gain.difference):
            return 0
        return 1 if self.gain.mean > 0 else -1

    def sentence(self) -> str:
        """The difference with its interval, and what it claims."""
        words = gain_words(self.gain)
        return f"{batch_norm_words(self.gain.card)}: {words}"


def main_cards(cards: Sequence[Card]) -> list[Card]:
    """The cards that answer: of one data set, network and recipe, the group with most of them."""

    def group(card: Card) -> tuple[str, str, int, str]:
        network = card.network
        return card.dataset, network["name"], network["width"], str(card.recipe["name"])

    asked = {_SIGN, _DESIGN, _UNIFORM}
    counts = Counter(group(card) for card in cards if card.activation in asked)
    if not counts:
        return []
    most = max(counts, key=lambda one: (counts[one], one))
    return [card for card in cards if group(card) == most]


def answers(cards: Sequence[Card]) -> list[Answer]:
    """All answers of `main_cards`, in the order of `QUESTIONS`, γ and β not learned first."""
    main = sorted(main_cards(cards), key=lambda card: bool(card.network["affine"]))
    return [
        Answer(question, gain_over(card, other))
        for question, (first, second) in QUESTIONS.items()
        for card in main
        if card.activation == first and (other := partner(card, main, activation=second))
    ]


def verdict(found: Sequence[Answer]) -> str:
    """One sentence: what the seeds so far say of the pattern, and of the shift beside it."""
    pattern = {answer.direction for answer in found if answer.question == "pattern"}
    shift = {answer.direction for answer in found if answer.question == "shift"}
    if not pattern:
        return "No network was trained against the uniform control yet."
    if pattern >= {-1, 1}:
        return "The pattern helps in one setting and costs in another."
    if 1 in pattern:
        return f"The pattern gains over a uniform threshold{', in one setting' * (0 in pattern)}."
    if -1 in pattern:
        return "So far the pattern costs accuracy against a uniform threshold."
    if 1 in shift:
        return "So far the gain is that of the shift; the pattern adds none that we can tell."
    return "So far no gain of the pattern can be told from chance."
