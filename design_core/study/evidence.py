"""What the zoo says of DeSign's case: does the threshold's shift help, and does its pattern?

DeSign changes two things at once. Its thresholds are above 0 on the mean, a shift that a uniform
threshold has too; and they differ from pixel to pixel, the pattern that is DeSign's own. So
DeSign against Sign answers neither question; the uniform control of the same mean parts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from design_core.study.batch_norm import Gain, gain_over
from design_core.study.learning_rates import learning_rate_words
from design_core.study.pairs import groups, partner
from design_core.study.report import claimed, gain_words, training_words
from design_core.zoo.arms import ARMS
from design_core.zoo.card import Card
from design_core.zoo.naming import batch_norm_words, network_words, recipe_words

__all__ = [
    "QUESTIONS",
    "Answer",
    "answers",
    "evidence_markdown",
    "further",
    "main_cards",
    "verdict",
]

_SIGN, _DESIGN, _UNIFORM, _SWAPPED, _OWN, _FIRST, _CENTRED = (
    ARMS[key].activation
    for key in ("sign", "design2d", "uniform", "swapped", "own", "first", "centred")
)

#: What is asked: the activations that are compared, the first minus the second.
QUESTIONS = {
    "both": (_DESIGN, _SIGN),
    "shift": (_UNIFORM, _SIGN),
    "pattern": (_DESIGN, _UNIFORM),
    "arrangement": (_SWAPPED, _UNIFORM),
    "finer": (_OWN, _UNIFORM),
    "first layer": (_FIRST, _UNIFORM),
    "alone": (_CENTRED, _SIGN),
    "larger maps": (_DESIGN, _UNIFORM),
}

# Other patterns about the same mean, in words.
_OTHER_PATTERNS = {
    "arrangement": "another arrangement of the same entries",
    "finer": "a 4×4 pattern of half the spread",
    "first layer": "the pattern in the first layer only",
    "larger maps": "the pattern on enlarged pictures",
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
        card, words = self.gain.card, gain_words(self.gain)
        setting = batch_norm_words(card)
        if card.enlarged:
            setting += f", {network_words(card)}, {recipe_words(card)}"
        return f"{setting}: {words}"


def main_cards(cards: Sequence[Card]) -> list[Card]:
    """The cards that answer: of one data set, network and recipe, the group with most of them."""
    asked = {_SIGN, _DESIGN, _UNIFORM}
    if not any(card.activation in asked and not card.about_the_picture for card in cards):
        return []
    hidden = groups([card for card in cards if not card.about_the_picture])
    main = max(hidden, key=lambda group: sum(card.activation in asked for card in group))
    return [card for card in cards if card in main]


def answers(cards: Sequence[Card]) -> list[Answer]:
    """All answers in the order of `QUESTIONS`, γ and β not learned first.

    Those of `main_cards`, and at the end of networks on enlarged pictures.
    """
    main = sorted(main_cards(cards), key=lambda card: card.affine)
    asked = dict.fromkeys(QUESTIONS, main)
    asked["larger maps"] = [card for card in cards if card.enlarged]
    return [
        Answer(question, gain_over(card, other))
        for question, (first, second) in QUESTIONS.items()
        for card in asked[question]
        if card.activation == first and (other := partner(card, cards, activation=second))
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


def further(found: Sequence[Answer]) -> list[str]:
    """A sentence on other patterns about the same mean, and one on the pattern without a shift."""
    sentences = [*_other_patterns(found)]
    alone = {answer.direction for answer in found if answer.question == "alone"}
    if alone:
        words = {1: "gains over Sign", -1: "loses to Sign", 0: "is not shown to differ from Sign"}
        told = " and ".join(words[one] for one in sorted(alone, reverse=True))
        sentences.append(f"About 0, without a shift, the pattern {told}.")
    return sentences


def _other_patterns(found: Sequence[Answer]) -> Iterator[str]:
    tried = [question for question in _OTHER_PATTERNS if any(a.question == question for a in found)]
    for direction, verb in ((1, "gains over"), (-1, "loses to")):
        moved = {answer.question for answer in found if answer.direction == direction}
        for question in tried:
            if question in moved:
                told = _OTHER_PATTERNS[question]
                yield f"{told[0].upper()}{told[1:]} {verb} the uniform threshold."
    clear = {answer.question for answer in found if answer.direction}
    if open_ones := [_OTHER_PATTERNS[question] for question in tried if question not in clear]:
        yield f"No difference from the uniform threshold is shown for {_listed(open_ones)}."


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def evidence_markdown(cards: Sequence[Card]) -> str:
    """Verdict, further sentences, every answer as a line, and what other learning rates give.

    Empty without networks.
    """
    main = main_cards(cards)
    if not main:
        return ""
    found = answers(cards)
    lines = "\n".join(f"- {answer.sentence()}" for answer in found)
    told = f"**{verdict(found)}** {' '.join(further(found))}"
    text = f"{told}\n\n{training_words(main[0])}:\n\n{lines}\n"
    if rates := learning_rate_words():
        setting, sentences = rates[0][0], " ".join(sentence for _, sentence in rates)
        text += f"\nIs the recipe tuned for Sign? {setting}: {sentences}\n"
    return text
