"""Bits in machine words: bit b of word w is channel 32·w + b, 1 for +1 and 0 for −1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["WORD", "Words", "channel_mask", "pack_bits", "unpack_bits", "word_count"]

#: Bits per machine word.
WORD = 32

Words = NDArray[np.uint32]


def word_count(channels: int) -> int:
    """Words that hold this many channels."""
    return -(-channels // WORD)


def pack_bits(bits: NDArray[np.bool_]) -> Words:
    """Bits (…, C) → words (…, ⌈C/32⌉); the bits beyond C are 0.

    Examples
    --------
    >>> pack_bits(np.array([True, False, True])).tolist()
    [5]
    """
    missing = word_count(bits.shape[-1]) * WORD - bits.shape[-1]
    whole = np.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, missing)])
    packed = np.packbits(whole, axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u4").astype(np.uint32, copy=False)


def unpack_bits(words: Words, channels: int) -> NDArray[np.bool_]:
    """Words (…, ⌈C/32⌉) → bits (…, C), the inverse of `pack_bits`."""
    octets = np.ascontiguousarray(words, dtype="<u4").view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=channels, bitorder="little").astype(bool)


def channel_mask(channels: int) -> Words:
    """Words (⌈C/32⌉,) with the bits of all C channels set: a pixel that is +1 throughout."""
    return pack_bits(np.ones(channels, dtype=bool))
