"""What the zoo answers, in words with its numbers: one set of sentences for command and page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from design_core.pictures.dataset_cards import is_embedded
from design_core.statistics import (
    Difference,
    area_under_curve,
    compare_seeds,
    mean_difference,
)
from design_core.study.assumption import assumption_words
from design_core.study.batch_norm import DESIGN, SIGN, Gain, batch_norm_gains, gain_over
from design_core.study.claims import LEAST_PAIRS, LEVEL
from design_core.study.corruptions import corruption_sentences, recorded_corruptions
from design_core.study.disagreement import Disagreement
from design_core.study.learning_curves import convergence
from design_core.study.learning_rates import learning_rate_words
from design_core.study.number_words import p_words, signed_points
from design_core.study.pairs import partner
from design_core.study.pattern_gains import pattern_gain_words
from design_core.study.picture_cuts import picture_finding, picture_sentences
from design_core.study.smoothness import smoothness_words
from design_core.study.step_time import step_time_words
from design_core.zoo.arms import ARMS, arm_of
from design_core.zoo.card import Card
from design_core.zoo.naming import (
    batch_norm_words,
    data_set_name,
    network_words,
    recipe_words,
    training_name,
)

__all__ = [
    "CAUTION",
    "Section",
    "batch_norm_gain_words",
    "for_people",
    "gain_words",
    "headline",
    "interval_words",
    "mcnemar_words",
    "recorded",
    "report",
    "setting_words",
    "training_words",
]

_UNIFORM = ARMS["uniform"].activation

#: How to read the sentences.
CAUTION = (
    "A difference is claimed only where the 95 % interval of three or more seeds leaves 0 out. "
    "Tests are told one by one, without a correction for their number."
)


@dataclass(frozen=True)
class Section:
    """An open question and what was measured about it.

    Parameters
    ----------
    answers
        A setting, which may be empty, and a sentence for it.
    """

    question: str
    answers: tuple[tuple[str, str], ...]

    def by_setting(self) -> dict[str, list[str]]:
        """Sentences of each setting, both in their order."""
        found: dict[str, list[str]] = {}
        for setting, sentence in self.answers:
            found.setdefault(setting, []).append(sentence)
        return found


def setting_words(card: Card) -> str:
    """Data, network and training of a card, without its activation."""
    data = data_set_name(card.dataset)
    return f"{data}, {network_words(card)}, {batch_norm_words(card)}, {recipe_words(card)}"


def training_words(card: Card) -> str:
    """Data, network and length of training."""
    return f"{data_set_name(card.dataset)}, {training_name(card)}"


def interval_words(difference: Difference) -> str:
    """The interval, the runs, the test and p."""
    low, high = (signed_points(bound) for bound in difference.ci95)
    return (
        f"95 % interval {low} to {high}, {_counted(difference)}, {difference.test} test, "
        f"{p_words(difference.p)}"
    )


def _counted(difference: Difference) -> str:
    one, other = difference.counts
    return (
        f"{one} paired seeds" if difference.sign_flip_p is not None else f"{one} and {other} runs"
    )


def _runs(gain: Gain) -> str:
    """What an estimate rests on."""
    if gain.difference:
        return _counted(gain.difference)
    paired = set(gain.card.seeds) & set(gain.other.seeds)
    return "one paired seed" if paired else "one run against other seeds"


def claimed(difference: Difference | None) -> bool:
    """Whether enough seeds have an interval that leaves 0 out."""
    if difference is None or min(difference.counts) < LEAST_PAIRS:
        return False
    low, high = difference.ci95
    return low > 0 or high < 0


def gain_words(gain: Gain) -> str:
    """One sentence on a card against another, which claims no more than the seeds carry."""
    name, other = (arm_of(card.activation).short for card in (gain.card, gain.other))
    tested = gain.difference
    if tested is None:
        one, second = len(gain.card.seeds), len(gain.other.seeds)
        seeds = "one seed each" if one == second == 1 else f"{one} and {second} seeds"
        return (
            f"{name} has {_percent(gain.card)}, {other} {_percent(gain.other)}: {seeds}, no claim."
        )
    if min(tested.counts) < LEAST_PAIRS:
        return (
            f"{name} minus {other} is {signed_points(tested.mean)} points "
            f"({interval_words(tested)}): too few seeds for a claim."
        )
    if not claimed(tested):
        return (
            f"no difference between {name} and {other} is shown: "
            f"{signed_points(tested.mean)} points ({interval_words(tested)})."
        )
    points = f"{100 * abs(tested.mean):.2f} points"
    verb = f"gains {points} over" if tested.mean > 0 else f"loses {points} to"
    return f"{name} {verb} {other} ({interval_words(tested)})."


def _percent(card: Card) -> str:
    return f"{100 * card.accuracy:.2f} %"


def mcnemar_words(found: Disagreement, first: str, second: str) -> str:
    """McNemar's test on two networks, and how far it reaches."""
    tested = found.test
    split = tested.only_first + tested.only_second
    better = first if tested.only_first > tested.only_second else second
    verdict = f"{better} is ahead" if tested.p < LEVEL else "neither is shown to be ahead"
    return (
        f"Of {len(found.true):,} test pictures, {split:,} divide the two: {first} alone is right "
        f"on {tested.only_first:,}, {second} alone on {tested.only_second:,}. By McNemar's "
        f"exact test {verdict} ({p_words(tested.p)}). They give the same answer to "
        f"{found.same_answer:.1%}. This compares these two networks, not the ways in which they "
        "were trained."
    )


def headline(cards: Sequence[Card]) -> tuple[str, str]:
    """What the cards say of patterns of thresholds, and what stands beside it.

    Returns
    -------
    One-bit pictures, where three paired seeds or more answer whether a pattern pays there. Else
    one sentence on the comparison that most seeds carry, DeSign 2D without γ and β first; and one
    on the uniform control in the same setting, empty if there is none.
    """
    if found := picture_finding(cards):
        return found
    pairs = [
        gain_over(card, sign)
        for card in cards
        if card.activation != SIGN and (sign := partner(card, cards, activation=SIGN))
    ]
    if not pairs:
        return "Choose networks with Sign and with another activation to compare them.", ""
    chosen = min(pairs, key=_order)
    data = data_set_name(chosen.card.dataset)
    sentence = f"On {data} with {batch_norm_words(chosen.card)}, {gain_words(chosen)}"
    control = partner(chosen.card, cards, activation=_UNIFORM)
    if control is None or control is chosen.card:
        return sentence, ""
    beside = gain_words(gain_over(control, chosen.other))
    against = gain_words(gain_over(chosen.card, control))
    return sentence, f"The control without a pattern: {beside} {_capital(against)}"


def for_people(sentence: str) -> tuple[str, str]:
    """A sentence without the figures of its test, and those figures as a sentence.

    Examples
    --------
    >>> for_people("DeSign gains 1.4 points (95 % interval +0.8 to +2.0, p = 0.004).")
    ('DeSign gains 1.4 points.', '95 % interval +0.8 to +2.0, p = 0.004.')
    """
    found = re.search(r" \(([^()]*\bp [=<] [^()]*)\)", sentence)
    if found is None:
        return sentence, ""
    return sentence.replace(found[0], "", 1), f"{found[1]}."


def _order(gain: Gain) -> tuple[object, ...]:
    """Data before digits, DeSign 2D before the rest, more seeds before fewer, affine off first."""
    card = gain.card
    pairs = min(gain.difference.counts) if gain.difference else 0
    return (
        *(is_embedded(card.dataset), card.activation != DESIGN, pairs < LEAST_PAIRS),
        *(card.affine, -pairs, card.dataset, card.name),
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def report(cards: Sequence[Card]) -> list[Section]:
    """Every question that the method leaves open, with what these cards say.

    First speaks what stands on most: data before digits, DeSign 2D, many seeds, long training.
    """
    ordered = sorted(
        cards,
        key=lambda card: (
            *(is_embedded(card.dataset), card.activation != DESIGN),
            *(-len(card.seeds), -int(card.recipe["epochs"]), card.name),
        ),
    )
    hidden = [card for card in ordered if not card.about_the_picture]
    sections = (
        ("Does a pattern pay at the picture?", picture_sentences(ordered)),
        ("Where does a pattern pay?", pattern_gain_words(ordered)),
        ("What does DeSign gain over Sign?", _gains(hidden, SIGN)),
        ("Is it the pattern, or the shift?", _gains(hidden, _UNIFORM)),
        ("Which part of the gain does batch norm take over?", batch_norm_gain_words(hidden)),
        ("Does it learn faster or slower?", _learning(hidden)),
        ("How dense are the activations?", _densities(hidden)),
        ("Is x half-normal, as scaling assumes?", assumption_words(hidden)),
        (
            "Who keeps more on corrupted pictures?",
            corruption_sentences(recorded_corruptions(ordered)),
        ),
    )
    return [Section(question, tuple(found)) for question, found in sections]


def recorded() -> list[Section]:
    """What no card can tell and benchmarks recorded."""
    return [
        Section("Why not inside the network?", tuple(smoothness_words())),
        Section("Does training take longer?", tuple(step_time_words())),
        Section("Is the recipe tuned for Sign?", tuple(learning_rate_words())),
    ]


def _gains(cards: Sequence[Card], base: str) -> Iterator[tuple[str, str]]:
    """Every activation against a base, Sign itself left out where the base is a control."""
    for card in cards:
        other = partner(card, cards, activation=base)
        if other and card.activation not in (SIGN, base):
            yield setting_words(card), _capital(gain_words(gain_over(card, other)))


def batch_norm_gain_words(cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    """Setting and sentence per activation with all four networks: gains, and their difference."""
    for found in batch_norm_gains(cards):
        if found.without is None or found.learned is None:
            continue
        gains = (
            f"{arm_of(found.activation).short} is {signed_points(found.without.mean)} points "
            f"from Sign with γ, β fixed ({_runs(found.without)}) and "
            f"{signed_points(found.learned.mean)} with γ, β learned ({_runs(found.learned)})"
        )
        setting = training_words(found.without.card)
        if (taken := found.taken_over) is None:
            yield setting, f"{gains}; too few seeds of all four networks for a test."
            continue
        few = min(taken.counts) < LEAST_PAIRS
        verdict = (
            "too few seeds for a claim"
            if few
            else "batch norm changes the gain"
            if claimed(taken)
            else "no change of the gain is shown"
        )
        yield (
            setting,
            f"{gains}; the difference of the differences is "
            f"{signed_points(taken.mean)} points ({interval_words(taken)}): {verdict}.",
        )


def _learning(cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    for card in cards:
        sign = partner(card, cards, activation=SIGN)
        if card.activation == SIGN or sign is None:
            continue
        name = arm_of(card.activation).short
        reached, of_sign = (_epochs(one, _threshold(sign)) for one in (card, sign))
        areas = _areas(card), _areas(sign)
        mean, tested = mean_difference(*areas), compare_seeds(*areas)
        interval = f" ({interval_words(tested)})" if tested else ""
        loss, of_sign_loss = (
            float(np.mean([result.training_loss for result in one.results])) for one in (card, sign)
        )
        yield (
            setting_words(card),
            f"{name} reaches {_threshold(sign):.0%} after {reached} epochs, "
            f"Sign after {of_sign}; its mean accuracy over the epochs is {signed_points(mean)} "
            f"points from Sign's{interval}; training loss at the end {loss:.3f} against "
            f"{of_sign_loss:.3f}.",
        )


def _threshold(sign: Card) -> float:
    """The accuracy whose epoch is told: Sign's own last mean, rounded down to 5 points."""
    return math.floor(sign.accuracy * 20) / 20


def _epochs(card: Card, accuracy: float) -> str:
    return "/".join("–" if one is None else str(one) for one in convergence(card, accuracy))


def _areas(card: Card) -> dict[int, float]:
    return {seed: area_under_curve(card.curve(seed)) for seed in card.seeds}


def _densities(cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    for card in cards:
        layers = list(card.densities.values())
        told = ", ".join(f"{density:.0%}" for density in layers)
        yield (
            setting_words(card),
            f"{arm_of(card.activation).short} fires on "
            f"{np.mean(layers):.0%} of its inputs; layer by layer {told}.",
        )
