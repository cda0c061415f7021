"""Is the recipe tuned for Sign? Short trainings at other learning rates, as recorded.

``benchmarks/learning_rate.py`` trains and records them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from design_core.paths import RESOURCES
from design_core.zoo.arms import arm_of

__all__ = ["RECORD", "learning_rate_words"]

#: Written by the benchmark: ``setting``, ``recipe_rate``, and ``accuracy`` by activation and rate.
RECORD = RESOURCES / "measured" / "learning_rates.json"


def learning_rate_words() -> list[tuple[str, str]]:
    """Setting and a sentence per activation, and one on all; none where nothing is recorded."""
    if not RECORD.is_file():
        return []
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    own = float(found["recipe_rate"])
    by_name = {arm_of(activation).short: rates for activation, rates in found["accuracy"].items()}
    sentences = [_sentence(name, by_rate, own) for name, by_rate in by_name.items()]
    best = ", ".join(f"{name} {_percent(max(rates.values()))}" for name, rates in by_name.items())
    sentences.append(f"Each at the best of these rates: {best}. One seed each, no claim.")
    return [(found["setting"], sentence) for sentence in sentences]


def _sentence(name: str, by_rate: Mapping[str, float], own: float) -> str:
    rates = sorted(by_rate, key=float)
    told = ", ".join(f"{_percent(by_rate[rate])} at {rate}" for rate in rates)
    best = max(rates, key=lambda rate: by_rate[rate])
    verdict = (
        "the recipe's own is the best of these"
        if float(best) == own
        else f"{best} is ahead of the recipe's own {own:g}"
    )
    return f"{name} reaches {told}: {verdict}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
