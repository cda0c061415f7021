"""What all tests share."""

from __future__ import annotations

import os

import pytest

# Tests run side by side; each keeps to one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _no_warnings_from_numpy() -> object:
    """Division by zero and overflow are bugs here, not warnings."""
    import numpy as np

    with np.errstate(divide="raise", invalid="raise", over="raise"):
        yield
