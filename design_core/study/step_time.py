"""What a training step takes with DeSign against Sign, as ``benchmarks/step_time.py`` recorded it.

The logs of trainings cannot tell: whatever else their machine did is in their times.
"""

from __future__ import annotations

import json

from design_core.paths import RESOURCES

__all__ = ["RECORD", "step_time_words"]

#: Written by the benchmark.
RECORD = RESOURCES / "measured" / "training_step.json"


def step_time_words() -> list[tuple[str, str]]:
    """Setting and sentence, with ratio and machine; none where nothing is recorded."""
    if not RECORD.is_file():
        return []
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    machine = found["machine"]
    setting = f"{found['network']}, batch {found['batch']}, one thread of {machine['cpu']}"
    return [
        (
            setting,
            f"A training step takes {found['ratio']:.3f} times as long with DeSign 2D as with Sign "
            f"(processor time, median of {found['turns']} turns, {machine['date']}, torch "
            f"{machine['torch']}).",
        )
    ]
