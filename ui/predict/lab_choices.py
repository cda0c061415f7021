"""What the panels of the closer look offer; links know it without loading the panels."""

from __future__ import annotations

__all__ = [
    "CODE",
    "COUNTS",
    "DIAGNOSE_WAYS",
    "FIRST_COUNT",
    "FIRST_KERNEL",
    "FIRST_PERTURBATION",
    "MOST_DRAWS",
    "OWN_KERNEL",
    "WHERE",
]

#: What a network may be diagnosed on.
DIAGNOSE_WAYS = ("Samples", "Test set", "This picture")

#: The perturbation that is shown first, and the highest seed of noise.
FIRST_PERTURBATION, MOST_DRAWS = "blur", 999

#: What is scaled unless one kernel is chosen for all; how many pictures of a test set are offered,
#: and are chosen first.
OWN_KERNEL = "each network's own kernel"
COUNTS, FIRST_COUNT = (100, 500, 2000), 500

#: The first kernel that is swapped in.
FIRST_KERNEL = "3x3-symmetric-v1"
#: Stands before a link's code for a kernel, as on the command line.
CODE = "code:"
#: What is exchanged, of networks that cut their picture.
WHERE = ("Picture", "Hidden layers")
