"""Does the information that a cut keeps of pictures predict the accuracy of a network behind it?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from design_core.paths import RESOURCES
from design_core.statistics import RankCorrelation, rank_correlation
from design_core.study.number_words import p_words
from design_core.zoo.card import Card

__all__ = ["INFORMATION", "information", "information_against_accuracy", "information_sentence"]

#: Bits per pixel that each cut keeps of the training pictures, by the cut's name; see
#: ``benchmarks/picture_information.py``.
INFORMATION = RESOURCES / "measured" / "picture_information.json"

_LEAST_CUTS = 8  # fewer carry no rank correlation worth telling


def information(card: Card) -> float | None:
    """Bits per pixel that the card's cut keeps of its training pictures; None if not measured."""
    if not INFORMATION.is_file():
        return None
    stored: Mapping[str, Mapping[str, float]] = json.loads(INFORMATION.read_text(encoding="utf-8"))
    return stored.get(card.dataset, {}).get(card.picture)


def information_against_accuracy(study: Sequence[Card]) -> RankCorrelation | None:
    """Spearman's correlation, over cuts, of bits per pixel with the mean accuracy over seeds.

    None with fewer than eight cuts whose information is measured.

    Parameters
    ----------
    study
        One of `design_core.study.picture_cuts.picture_studies`.
    """
    known = [(kept, card.accuracy) for card in study if (kept := information(card)) is not None]
    if len(known) < _LEAST_CUTS:
        return None
    return rank_correlation(*zip(*known, strict=True))


def information_sentence(study: Sequence[Card]) -> str:
    """The correlation in words, with its interval; empty where there are too few cuts."""
    found = information_against_accuracy(study)
    if found is None:
        return ""
    low, high = found.ci95
    verdict = (
        "what keeps more of the pictures classifies better"
        if low > 0
        else "it does not tell which cut classifies better"
    )
    return (
        f"Over {found.count} cuts the rank correlation of bits per pixel with test accuracy is "
        f"{found.rho:.2f} (95 % interval {low:.2f} to {high:.2f}, Spearman, "
        f"{p_words(found.p)}): {verdict}."
    )
