"""One bit per pixel and colour: does a pattern at the picture beat every single threshold?

The networks differ in the cut of their picture only. What is asked of them, and by which tests, was
fixed before they were trained: see ``docs/one-bit-pictures.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from design_core.statistics import Difference, holm, paired_difference
from design_core.study.claims import LEAST_PAIRS, corrected_words, is_shown
from design_core.study.markdown_tables import accuracy_words
from design_core.study.picture_information import information, information_sentence
from design_core.study.plan import UNIFORM_SWEEP
from design_core.zoo.arms import PICTURE_ARMS, picture_arm
from design_core.zoo.card import Card
from design_core.zoo.naming import data_set_name

__all__ = [
    "PictureAnswer",
    "best_uniform",
    "closed_share",
    "finding_markdown",
    "picture_answers",
    "picture_finding",
    "picture_sentences",
    "picture_studies",
    "pictures_markdown",
    "setting_of",
]

_REAL, _SIGN, _BAYER, _PHASES, _COLOURS = (
    PICTURE_ARMS[key].activation for key in ("real", "sign", "bayer2", "phases2", "colours")
)
_UNIFORM = {_SIGN, *(f"uniform:{threshold}" for threshold in UNIFORM_SWEEP)}


@dataclass(frozen=True)
class PictureAnswer:
    """One of the questions that were fixed beforehand, as far as the seeds answer it.

    Parameters
    ----------
    first, second
        The cards; a positive difference speaks for the first.
    difference
        Over the seeds that both have, paired.
    p
        Of its test, corrected by Holm's method for the number of questions answered.
    """

    first: Card
    second: Card
    difference: Difference
    p: float

    @property
    def shown(self) -> bool:
        """Whether three or more pairs show a difference, after the correction."""
        return is_shown(self.difference, self.p)

    def sentence(self) -> str:
        """The difference, its interval and p, and what it claims."""
        first, second = (picture_arm(card.picture).title for card in (self.first, self.second))
        told = corrected_words(self.difference, self.p)
        if min(self.difference.counts) < LEAST_PAIRS:
            return f"{first} minus {second}: {told}; too few seeds for a claim."
        if not self.shown:
            return f"No difference between {first} and {second} is shown: {told}."
        verb = "beats" if self.difference.mean > 0 else "loses to"
        return f"{first} {verb} {second}: {told}."


def picture_studies(cards: Sequence[Card]) -> list[list[Card]]:
    """Cards that differ in the picture's cut alone, together; the group of most seeds first."""
    found: dict[str, list[Card]] = {}
    for card in cards:
        if card.about_the_picture:
            kept = {
                key: value
                for key, value in card.network.items()
                if key not in ("picture", "first", "image_size")
            }
            training = card.recipe["name"], card.recipe["epochs"]
            key = json.dumps([card.dataset, kept, training], sort_keys=True)
            found.setdefault(key, []).append(card)
    return sorted(found.values(), key=lambda group: -sum(len(card.seeds) for card in group))


def _card(cards: Sequence[Card], picture: str) -> Card | None:
    return next((card for card in cards if card.picture == picture), None)


def best_uniform(cards: Sequence[Card]) -> Card | None:
    """The single threshold of the highest mean, Sign included, among those of most seeds.

    Chosen by the accuracies that it is then compared by, which favours it: a pattern that beats it
    beats every threshold of the sweep.
    """
    uniform = [card for card in cards if card.picture in _UNIFORM]
    if not uniform:
        return None
    most = max(len(card.seeds) for card in uniform)
    return max((c for c in uniform if len(c.seeds) == most), key=lambda card: card.accuracy)


def picture_answers(cards: Sequence[Card]) -> list[PictureAnswer]:
    """The four questions fixed beforehand, those that two paired seeds or more answer.

    Parameters
    ----------
    cards
        One of `picture_studies`.
    """
    uniform = best_uniform(cards)
    phases, bayer, colours = (_card(cards, cut) for cut in (_PHASES, _BAYER, _COLOURS))
    asked = ((phases, uniform), (bayer, uniform), (phases, bayer), (phases, colours))
    tested = [
        (first, second, _paired(first, second))
        for first, second in asked
        if first and second and len(set(first.seeds) & set(second.seeds)) > 1
    ]
    corrected = holm([difference.p for *_, difference in tested])
    return [PictureAnswer(*one, p) for one, p in zip(tested, corrected, strict=True)]


def picture_finding(cards: Sequence[Card]) -> tuple[str, str] | None:
    """The first question with three paired seeds or more, and what stands beside it.

    Returns
    -------
    The answer in one sentence; and how far the pattern goes towards the real picture, where that
    network is there, with the setting. None where no study has come so far.
    """
    for study in picture_studies(cards):
        for answer in picture_answers(study)[:1]:
            if min(answer.difference.counts) >= LEAST_PAIRS:
                sentence = answer.sentence()
                if not answer.shown:  # else it begins with the name of a cut
                    sentence = sentence[:1].lower() + sentence[1:]
                setting = setting_of(study[0])
                beside = f"{_ceiling(study)} {setting[:1].upper()}{setting[1:]}."
                return f"With one bit per pixel and colour, {sentence}", beside.strip()
    return None


def _paired(first: Card, second: Card) -> Difference:
    common = sorted(set(first.seeds) & set(second.seeds))
    one, other = ([card.accuracies[seed] for seed in common] for card in (first, second))
    return paired_difference(one, other)


def closed_share(cards: Sequence[Card], pattern: Card) -> float | None:
    """What share of the way from the best single threshold to the real picture a pattern goes.

    Over the seeds that all three have; None without these cards or seeds.
    """
    real, uniform = _card(cards, _REAL), best_uniform(cards)
    if real is None or uniform is None:
        return None
    common = set(real.seeds) & set(uniform.seeds) & set(pattern.seeds)
    if not common:
        return None
    low, high, own = (
        float(np.mean([card.accuracies[seed] for seed in common]))
        for card in (uniform, real, pattern)
    )
    return (own - low) / (high - low)


def picture_sentences(cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    """Setting and sentence for all questions of all studies, and what it means of the ceiling."""
    for study in picture_studies(cards):
        setting = setting_of(study[0])
        answers = picture_answers(study)
        for answer in answers:
            yield setting, answer.sentence()
        if not answers:
            yield from ((setting, told) for told in _single_seeds(study))
        if told := _ceiling(study):
            yield setting, told
        if told := information_sentence(study):
            yield setting, told


def _ceiling(study: Sequence[Card]) -> str:
    """What the real picture reaches and how far the pattern comes; empty where it is not known."""
    phases, real = _card(study, _PHASES), _card(study, _REAL)
    share = closed_share(study, phases) if phases else None
    if real is None or share is None:
        return ""
    return (
        f"The real-valued picture reaches {100 * real.accuracy:.2f} %; "
        f"{picture_arm(_PHASES).title} closes {share:.0%} of the gap between it and the best "
        "single threshold."
    )


def _single_seeds(study: Sequence[Card]) -> Iterator[str]:
    """What single runs came to, before seeds pair."""
    pair = (_card(study, _PHASES), best_uniform(study))
    if all(pair):
        told = " and ".join(
            f"{picture_arm(card.picture).title} {100 * card.accuracy:.2f} %"
            for card in pair
            if card
        )
        yield f"So far one seed each, no claim: {told}."


def setting_of(card: Card) -> str:
    """Data, network and training of a study of one-bit pictures, within a sentence."""
    grey = ", grey" if card.in_channels == 1 else ""
    name, width = card.network["name"], card.width
    return (
        f"one-bit pictures of {data_set_name(card.dataset)}{grey}, {name} of width {width}, "
        f"{card.recipe['epochs']} epochs"
    )


def pictures_markdown(cards: Sequence[Card]) -> str:
    """A table and the answers of every study of one-bit pictures; empty without any."""
    return "\n".join(line for study in picture_studies(cards) for line in _section(study))


def finding_markdown(cards: Sequence[Card]) -> str:
    """The finding in brief, with a table of three rows; empty before three seeds pair."""
    found, study = picture_finding(cards), picture_studies(cards)[:1]
    if found is None:
        return ""
    told, ceiling = found
    rows = [_card(study[0], _REAL), _card(study[0], _PHASES), best_uniform(study[0])]
    return "\n".join(
        (
            f"{told} {ceiling}",
            "",
            "| what the network gets | test accuracy, percent |",
            "|---|---|",
            *(f"| {picture_arm(c.picture).title} | {accuracy_words([c])} |" for c in rows if c),
        )
    )


def _section(study: Sequence[Card]) -> Iterator[str]:
    setting = setting_of(study[0])
    yield f"**{setting[0].upper()}{setting[1:]}**"
    yield ""
    yield "| picture cut | test accuracy, half its 95 % interval | bits per pixel kept |"
    yield "|---|---|---|"
    for card in sorted(study, key=lambda card: -card.accuracy):
        kept = information(card)
        yield (
            f"| {picture_arm(card.picture).title} | {accuracy_words([card])} "
            f"| {'–' if kept is None else f'{kept:.3f}'} |"
        )
    yield ""
    for _, sentence in picture_sentences(study):
        yield f"- {sentence}"
    yield ""
