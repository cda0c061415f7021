"""What memory traffic costs by published figures: this project measures time, not joules."""

from __future__ import annotations

__all__ = ["WORD_READ_PJ", "fetch_microjoules"]

#: Picojoules to read a word of 32 bits from DRAM, at 45 nm.
#:
#: Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, as tabulated by
#: Han et al., "EIE: Efficient Inference Engine on Compressed Deep Neural Network", ISCA 2016.
WORD_READ_PJ = 640.0


def fetch_microjoules(count: int) -> float:
    """Energy to read so many bytes from DRAM once, in microjoules.

    Examples
    --------
    >>> fetch_microjoules(4_000_000)
    640.0
    """
    return count / 4 * WORD_READ_PJ / 1e6
