"""How much accuracy networks keep on corrupted test pictures, and which keep more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.paths import RESOURCES
from design_core.pictures.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from design_core.pictures.perturbations import Pixels
from design_core.statistics import Difference, compare_seeds, holm, mean_interval
from design_core.study.claims import is_shown
from design_core.study.learning_curves import Band
from design_core.study.number_words import p_words, signed_points
from design_core.zoo.arms import arm_of
from design_core.zoo.card import Card
from design_core.zoo.entry import Entry
from design_core.zoo.naming import batch_norm_words, data_set_name, network_words

__all__ = [
    "CORRUPTED",
    "Corrupted",
    "CorruptedCard",
    "CorruptionTest",
    "corrupted_accuracy",
    "corruption_band",
    "corruption_sentences",
    "corruption_tests",
    "corruptions_markdown",
    "recorded_corruptions",
]

#: What ``zoo corruptions --json`` printed of whole test sets.
CORRUPTED = RESOURCES / "measured" / "corruptions.json"

_AT_ONCE = 1000  # pictures
_BASES = ("sign", "uniform:2x2-v2")


@dataclass(frozen=True, eq=False)
class Corrupted:
    """One network on a test set.

    Parameters
    ----------
    seed
        Its seed.
    clean
        Accuracy on the pictures as they are.
    accuracy
        By corruption, for each of `SEVERITIES`.
    """

    seed: int
    clean: float
    accuracy: Mapping[str, tuple[float, ...]]

    @property
    def mean(self) -> float:
        """Mean corruption accuracy: over severities, then over corruptions."""
        return float(np.mean([np.mean(shares) for shares in self.accuracy.values()]))


@dataclass(frozen=True, eq=False)
class CorruptedCard:
    """All seeds of a configuration; `pictures` is how many were looked at."""

    card: Card
    pictures: int
    seeds: tuple[Corrupted, ...]

    @property
    def means(self) -> dict[int, float]:
        """Mean corruption accuracy by seed."""
        return {one.seed: one.mean for one in self.seeds}

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        interval = mean_interval(list(self.means.values()))
        return {
            "name": self.card.name,
            "pictures": self.pictures,
            "mean_corruption_accuracy": float(np.mean(list(self.means.values()))),
            "ci95": None if interval is None else list(interval),
            "seeds": [
                {
                    "seed": one.seed,
                    "clean": one.clean,
                    "mean": one.mean,
                    "accuracy": {name: list(shares) for name, shares in one.accuracy.items()},
                }
                for one in self.seeds
            ],
        }


@dataclass(frozen=True)
class CorruptionTest:
    """Two configurations that differ in their activation alone.

    Parameters
    ----------
    first, second
        Names of the cards.
    title
        For people.
    difference
        Of the mean corruption accuracy over paired seeds; positive speaks for the first.
    p
        Corrected by Holm's method for all tests of one call.
    """

    first: str
    second: str
    title: str
    difference: Difference
    p: float


def corrupted_accuracy(
    entries: Sequence[Entry],
    pixels: Pixels,
    labels: NDArray[np.int64],
    tell: Callable[[str], None] = lambda _: None,
) -> list[CorruptedCard]:
    """Ask networks about test pictures, clean and corrupted in every way.

    Parameters
    ----------
    entries
        Networks of one form of pictures; each answers on the engine where it can.
    pixels, labels
        uint8 (N, H, W, C) and (N,), the same for all networks.
    tell
        Receives a line for each corruption that begins.

    Raises
    ------
    ValueError
        No pictures, or pictures that do not fit.
    """
    if not len(pixels) or len(pixels) != len(labels):
        raise ValueError(f"Give pictures with their classes; got {len(pixels)} and {len(labels)}.")
    clean = [_accuracy(entry, pixels, labels) for entry in entries]
    found: list[dict[str, tuple[float, ...]]] = [{} for _ in entries]
    for name in CORRUPTIONS:
        tell(name)
        for severity in SEVERITIES:
            changed = corrupt(pixels, name, severity)  # once for all networks
            for entry, accuracy in zip(entries, found, strict=True):
                share = _accuracy(entry, changed, labels)
                accuracy[name] = (*accuracy.get(name, ()), share)
    cards: dict[str, list[Corrupted]] = {}
    for entry, share, accuracy in zip(entries, clean, found, strict=True):
        cards.setdefault(entry.card.name, []).append(Corrupted(entry.seed, share, accuracy))
    of_name = {entry.card.name: entry.card for entry in entries}
    return [
        CorruptedCard(of_name[name], len(pixels), tuple(seeds)) for name, seeds in cards.items()
    ]


def _accuracy(entry: Entry, pixels: Pixels, labels: NDArray[np.int64]) -> float:
    right = 0
    for start in range(0, len(pixels), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        right += int((entry.scores(pixels[part]).argmax(1) == labels[part]).sum())
    return right / len(pixels)


def corruption_tests(found: Sequence[CorruptedCard]) -> list[CorruptionTest]:
    """Every activation against Sign and against the uniform threshold of otherwise equal cards.

    Only pairs of two or more common seeds; see `design_core.statistics.compare_seeds`.
    """
    pairs = [
        (one, other, difference)
        for one in found
        for base in _BASES
        for other in found
        if _differ_in_activation(one.card, other.card)
        and other.card.activation == base
        and not (base != "sign" and one.card.activation == "sign")  # that is the other pair again
        and (difference := compare_seeds(one.means, other.means)) is not None
    ]
    corrected = holm([difference.p for *_, difference in pairs])
    return [
        CorruptionTest(
            one.card.name,
            other.card.name,
            f"{arm_of(one.card.activation).short} minus {arm_of(other.card.activation).short}",
            difference,
            p,
        )
        for (one, other, difference), p in zip(pairs, corrected, strict=True)
    ]


def _differ_in_activation(one: Card, other: Card) -> bool:
    networks = ({**card.network, "activation": ""} for card in (one, other))
    recipes = ({**card.recipe, "network": None} for card in (one, other))
    alike = len({str(sorted(n.items())) for n in networks}) == 1 == len({str(r) for r in recipes})
    return alike and one.data == other.data and one.activation != other.activation


def corruptions_markdown(found: Sequence[CorruptedCard]) -> str:
    """A table of all configurations, and a line for each test."""
    if not found:
        return ""
    heads = ("network", "seeds", "clean", "mean", *CORRUPTIONS)
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for one in found:
        by_kind = [
            float(np.mean([np.mean(seed.accuracy[name]) for seed in one.seeds]))
            for name in CORRUPTIONS
        ]
        clean = float(np.mean([seed.clean for seed in one.seeds]))
        shares = (clean, float(np.mean(list(one.means.values()))), *by_kind)
        cells = " | ".join(f"{100 * share:.2f}" for share in shares)
        lines.append(f"| {one.card.name} | {len(one.seeds)} | {cells} |")
    lines += ["", *(f"- {told}" for _, told in corruption_sentences(found))]
    return "\n".join(lines) + "\n"


def corruption_sentences(found: Sequence[CorruptedCard]) -> Iterator[tuple[str, str]]:
    """Setting and sentence of each test."""
    cards = {one.card.name: one.card for one in found}
    for test in corruption_tests(found):
        card = cards[test.first]
        trained = batch_norm_words(card)
        yield (
            f"{data_set_name(card.dataset)}, {network_words(card)}, {trained}",
            f"{_finding(test, card, cards[test.second])} (with {trained}; {_test_words(test)}).",
        )


def _finding(test: CorruptionTest, first: Card, second: Card) -> str:
    """What the seeds show, and no more."""
    one, other = (arm_of(card.activation).short for card in (first, second))
    mean = test.difference.mean
    if not is_shown(test.difference, test.p):
        told = f"No difference between {one} and {other} is shown: {signed_points(mean)} points"
        return f"{told} of mean corruption accuracy"
    side = "above" if mean > 0 else "below"
    return f"{one} is {100 * abs(mean):.2f} points {side} {other} in mean corruption accuracy"


def _test_words(test: CorruptionTest) -> str:
    low, high = (signed_points(bound) for bound in test.difference.ci95)
    return (
        f"95 % interval {low} to {high}, {min(test.difference.counts)} seeds, "
        f"{test.difference.test}, {p_words(test.p)} by Holm"
    )


def recorded_corruptions(cards: Sequence[Card]) -> list[CorruptedCard]:
    """What was measured of these cards on whole test sets; empty if nothing was."""
    if not CORRUPTED.is_file():
        return []
    stored = json.loads(CORRUPTED.read_text("utf-8"))["networks"]
    measured = {one["name"]: one for one in stored}
    return [
        CorruptedCard(
            card,
            measured[card.name]["pictures"],
            tuple(
                Corrupted(
                    one["seed"],
                    one["clean"],
                    {name: tuple(shares) for name, shares in one["accuracy"].items()},
                )
                for one in measured[card.name]["seeds"]
            ),
        )
        for card in cards
        if card.name in measured
    ]


def corruption_band(found: CorruptedCard, corruption: str | None = None) -> Band:
    """Accuracy at severity 0, the picture as it is, and at each of `SEVERITIES`, over seeds.

    Parameters
    ----------
    corruption
        One of `CORRUPTIONS`; the mean over all of them if left out.
    """
    names = CORRUPTIONS if corruption is None else (corruption,)
    curves = np.array(
        [
            [one.clean, *np.mean([one.accuracy[name] for name in names], axis=0)]
            for one in found.seeds
        ]
    )
    return Band(curves.mean(0), curves.min(0), curves.max(0))
