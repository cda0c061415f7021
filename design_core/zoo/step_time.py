"""What a training step takes with DeSign against Sign, as ``benchmarks/step_time.py`` recorded it.

The logs of trainings cannot tell: whatever else their machine did is in their times.
"""

from __future__ import annotations

import json

from design_core.paths import ASSETS

__all__ = ["RECORD", "step_time_words"]

#: Written by the benchmark.
RECORD = ASSETS / "measured" / "training_step.json"


def step_time_words() -> list[str]:
    """A sentence with ratio and machine; none where nothing is recorded."""
    if not RECORD.is_file():
        return []
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    machine = found["machine"]
    return [
        f"A training step of {found['network']}, batch {found['batch']}, takes "
        f"{found['ratio']:.3f} times as long with DeSign 2D as with Sign (processor time, median "
        f"of {found['turns']} turns on one thread of {machine['cpu']}, {machine['date']}, torch "
        f"{machine['torch']})."
    ]
