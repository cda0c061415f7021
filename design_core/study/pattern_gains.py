"""What a pattern of thresholds gains where neighbouring pixels are more alike, and where less.

Each pair of cards differs in the pattern alone: the control cuts at one threshold of the same mean.
The pattern cuts the picture in some pairs and hidden layers in the others, so that one axis holds
both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from design_core.statistics import Difference, compare_seeds
from design_core.study.number_words import signed_points
from design_core.study.pairs import batch_norm_column, partner
from design_core.study.plan import inside_pattern
from design_core.study.smoothness import PICTURE, recorded_smoothness
from design_core.zoo.arms import ARMS, PICTURE_ARMS, arm_of, picture_arm
from design_core.zoo.card import Card
from design_core.zoo.naming import data_set_name, network_words

__all__ = [
    "PatternGain",
    "gains_markdown",
    "gains_sentence",
    "pattern_gain_words",
    "pattern_gains",
]

# In hidden layers: a pattern, and the threshold of the same mean without one.
_CONTROLS = {
    ARMS["design2d"].activation: ARMS["uniform"].activation,
    ARMS["centred"].activation: ARMS["sign"].activation,
    inside_pattern(1): ARMS["sign"].activation,
}
_AT_PICTURE = PICTURE_ARMS["bayer2"].activation, PICTURE_ARMS["sign"].activation


@dataclass(frozen=True)
class PatternGain:
    """A pattern against its control, and how alike neighbours are in what it cuts.

    Parameters
    ----------
    pattern, control
        The cards.
    gain
        Of the pattern, a share of the test pictures, by paired seeds where there are some.
    correlation
        Pearson's of adjacent pixels in what the control cuts: lowest, mean and highest over the
        layers; the same number three times at the picture. Of one seed.
    """

    pattern: Card
    control: Card
    gain: Difference
    correlation: tuple[float, float, float]

    @property
    def at_picture(self) -> bool:
        """Whether it is the picture that is cut."""
        return self.pattern.picture != self.control.picture

    @property
    def title(self) -> str:
        """What is compared, for people."""
        if self.at_picture:
            names = [picture_arm(one.picture).title for one in (self.pattern, self.control)]
        else:
            names = [arm_of(one.activation).title for one in (self.pattern, self.control)]
            if self.pattern.activation == inside_pattern(1):
                names[0] = "Bayer 2×2 about 0"
        card = self.pattern
        return (
            f"{names[0]} minus {names[1]}, {data_set_name(card.dataset)}, {network_words(card)}, "
            f"{batch_norm_column(card)}"
        )


def pattern_gains(cards: Sequence[Card]) -> list[PatternGain]:
    """Every pattern of two seeds or more whose control's maps were measured, smoothest last."""
    return sorted(_found(cards), key=lambda one: one.correlation[1])


def _found(cards: Sequence[Card]) -> Iterator[PatternGain]:
    recorded = recorded_smoothness()
    for card in cards:
        at_picture = card.picture == _AT_PICTURE[0] and card.activation == "sign"
        if at_picture:
            control = partner(card, cards, picture=_AT_PICTURE[1])
        elif card.picture == "real" and card.activation in _CONTROLS:
            control = partner(card, cards, activation=_CONTROLS[card.activation])
        else:
            continue
        gain = control and compare_seeds(card.accuracies, control.accuracies)
        alike = control and _alike(control, recorded, at_picture=at_picture)
        if control and gain and alike:
            yield PatternGain(card, control, gain, alike)


def _alike(
    card: Card, recorded: Mapping[str, Mapping[str, float]], *, at_picture: bool
) -> tuple[float, float, float] | None:
    """Lowest, mean and highest correlation over the cuts that a pattern would meet."""
    for seed in card.seeds:
        measured = recorded.get(f"{card.name}@{seed}", {})
        cuts = [value for name, value in measured.items() if (name == PICTURE) == at_picture]
        if cuts:
            return min(cuts), float(np.mean(cuts)), max(cuts)
    return None


def gains_sentence(gains: Sequence[PatternGain]) -> str:
    """The picture against the hidden layers; empty unless both are there."""
    pictures = [one for one in gains if one.at_picture]
    hidden = [one for one in gains if not one.at_picture]
    if not pictures or not hidden:
        return ""
    return (
        f"Where neighbours correlate with {_span([one.correlation[1] for one in pictures])}, at "
        f"the picture, the pattern gains {_points(pictures)} points over one threshold; in hidden "
        f"layers, where they correlate with {_span([one.correlation[1] for one in hidden])} on "
        f"average, {_points(hidden)}."
    )


def pattern_gain_words(cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    """The picture against the layers; then what is compared and a sentence for each gain."""
    gains = pattern_gains(cards)
    if told := gains_sentence(gains):
        yield "Picture and hidden layers", told
    for one in gains:
        low, high = (signed_points(bound) for bound in one.gain.ci95)
        yield (
            one.title,
            f"Neighbours correlate with {_span(one.correlation)}; the pattern gains "
            f"{signed_points(one.gain.mean)} points (95 % interval {low} to {high}, "
            f"{one.gain.test}).",
        )


def gains_markdown(cards: Sequence[Card]) -> str:
    """A table of the gains by how alike neighbours are; empty without both kinds."""
    gains = pattern_gains(cards)
    if not (told := gains_sentence(gains)):
        return ""
    rows = [
        f"| {one.title} | {_span(one.correlation)} | {signed_points(one.gain.mean)} "
        f"| {signed_points(one.gain.ci95[0])} to {signed_points(one.gain.ci95[1])} "
        f"| {one.gain.test} |"
        for one in gains
    ]
    head = (
        "| pattern minus one threshold | neighbours' correlation | points | 95 % interval | test |"
    )
    return "\n".join(
        ("**Where a pattern pays**", "", head, "|---|---|---|---|---|", *rows, "", told, "")
    )


def _span(values: Sequence[float]) -> str:
    low, high = (f"{value:.2f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _points(gains: Sequence[PatternGain]) -> str:
    means = [one.gain.mean for one in gains]
    low, high = signed_points(min(means)), signed_points(max(means))
    return low if low == high else f"{low} to {high}"
