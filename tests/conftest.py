"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_HERE = Path(__file__).parent

#: What the quick lane runs, ``pytest -m quick``: kernels, scores, links, layers and the like.
QUICK = (
    *("kernels", "networks", "scores", "ui"),
    *("pictures/test_limits.py", "pictures/test_samples.py"),
    *("test_activations.py", "test_atomic.py", "test_documentation.py", "test_extras.py"),
    *("test_limits.py", "test_paths.py", "test_scaling.py", "test_statistics.py"),
)

# A test may not fail because the machine has other work: nothing here is timed.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Tests run side by side; each keeps to one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _no_warnings_from_numpy() -> object:
    """Division by zero and overflow are bugs here, not warnings."""
    import numpy as np

    with np.errstate(divide="raise", invalid="raise", over="raise"):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the quick lane."""
    places = [_HERE / place for place in QUICK]
    for item in items:
        inside = any(place in (item.path, *item.path.parents) for place in places)
        if inside and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.quick)
