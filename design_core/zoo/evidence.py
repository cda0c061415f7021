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
from design_core.zoo.plan import ACTIVATIONS
from design_core.zoo.statistics import McNemar, mcnemar
from design_core.zoo.tables import Comparison, comparisons

__all__ = ["QUESTIONS", "Answer", "answers", "main_cards", "verdict"]

_SIGN, _DESIGN, _UNIFORM = (ACTIVATIONS[key][0] for key in ("sign", "design2d", "uniform"))

#: What is asked: the activations that are compared, the first less the second.
QUESTIONS = {
    "both": (_DESIGN, _SIGN),
    "shift": (_UNIFORM, _SIGN),
    "pattern": (_DESIGN, _UNIFORM),
}
_NAMES = {_SIGN: "Sign", _DESIGN: "DeSign", _UNIFORM: "the uniform control"}


@dataclass(frozen=True)
class Answer:
    """A question put to two cards.

    Parameters
    ----------
    question
        A key of `QUESTIONS`.
    comparison
        The cards and the difference over their seeds.
    single
        McNemar's test of their first networks, which says nothing of other seeds.
    """

    question: str
    comparison: Comparison
    single: McNemar

    @property
    def affine(self) -> bool:
        """Whether batch norm's γ and β were learned."""
        return bool(self.comparison.first.network["affine"])

    @property
    def direction(self) -> int:
        """1 or −1 where the 95 % interval over the seeds leaves 0 out, else 0: open."""
        difference = self.comparison.difference
        if difference is None:
            return 0
        low, high = difference.ci95
        return (low > 0) - (high < 0)

    def sentence(self) -> str:
        """The difference in points with its interval, or that of one network each."""
        first, second = (_NAMES[activation] for activation in QUESTIONS[self.question])
        difference = self.comparison.difference
        if difference is None:
            return (
                f"one seed each: {first} alone is right on {self.single.only_first:,} pictures, "
                f"{second} alone on {self.single.only_second:,}"
            )
        low, high = (_points(bound) for bound in difference.ci95)
        one, other = difference.counts
        seeds = f"{one} pairs" if difference.sign_flip_p is not None else f"{one} and {other} seeds"
        return (
            f"{first} less {second}: {_points(difference.mean)} points, "
            f"95 % interval {low} to {high}, {seeds}"
        )


def _points(share: float) -> str:
    return f"{100 * share:+.2f}".replace("-", "−")


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
    by_pair: dict[tuple[str, str], list[Comparison]] = {}
    for comparison in comparisons(main_cards(cards)):
        pair = comparison.first.activation, comparison.second.activation
        by_pair.setdefault(pair, []).append(comparison)
    found = []
    for question, (first, second) in QUESTIONS.items():
        for comparison in sorted(
            by_pair.get((first, second), []), key=lambda one: one.first.network["affine"]
        ):
            one, other = comparison.first, comparison.second
            tested = mcnemar(one.right(one.seeds[0]), other.right(other.seeds[0]))
            found.append(Answer(question, comparison, tested))
    return found


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
