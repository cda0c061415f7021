"""Limits by value.

What strangers may bring is a promise of the server, and when a difference is claimed is one of
the study. Tests of how a limit works take its value from the module, or set one; here it stands.
"""

from __future__ import annotations

from importlib import import_module

import pytest

MIB, GIB = 2**20, 2**30

#: By module, within `design_core` unless it says `ui`.
LIMITS: dict[str, dict[str, float]] = {
    "pictures.guards": {
        **{"MAX_BYTES": 32 * MIB, "MAX_PIXELS": 40_000_000},
        **{"_MAX_REDUCED": 120_000_000, "_MAX_REDUCED_OF_SCANS": 64_000_000},
        **{"_MAX_SCANS": 100, "_MAX_SEGMENTS": 20_000, "_MAX_CHUNKS": 20_000},
    },
    "pictures.tiff": {"_MOST_BYTES": 256 * MIB, "_MOST_SEGMENTS": 100_000},
    "pictures.items": {"MAX_PICTURES": 500, "_MAX_DIRECTORY": MIB},
    "pictures.form": {"_MAX_CLASSES": 4096, "_MAX_NAME": 1000, "_LARGEST": 1_000_000},
    "pictures.feature_maps": {"MAX_MAPS": 64},
    "kernels.kernel": {"MAX_SIDE": 64, "MAX_SLICES": 1024, "MAX_NAME": 200, "MAX_LEVEL": 2**31},
    "kernels.files": {"MAX_FILE_BYTES": 4 * MIB, "_MAX_ENTRIES": 2**19, "_MOST_RANKS": 4096},
    "kernels.matlab": {"_MAX_VARIABLES": 1000},
    "kernels.spec": {"MAX_CODE": 6000},
    "scaling": {"MAX_NUMBER": 1e6},
    "engine.files": {
        **{"_MAX_FILE": 64 * MIB, "_MAX_HEADER": MIB, "_MAX_HELD": 256 * MIB},
        **{"_MAX_WORDS": 2**22, "_MAX_MEGABYTES": 1024, "_MAX_STEPS": 2**33},
    },
    "engine.layers": {"_MAX_STRIDE": 64, "_MAX_FAN_IN": 2**24, "_MAX_COPIES": 64},
    "zoo.network_file": {"MAX_UPLOAD": 48 * MIB, "MAX_WEIGHTS": 2**24, "_MAX_HEADER": MIB},
    "zoo.uploaded": {"_MAX_MACS": 2**31},
    "zoo.checkpoint": {"_MAX_OPTION": 2**16},
    "zoo.elsewhere": {"_MOST_BYTES": 512 * MIB},
    "training.class_zip": {"_MOST_SECONDS": 60.0, "_MOST_NAME": 60},
    "jobs.frames": {"_MOST": GIB},
    "jobs.queue": {"_MOST_WAITING": 8, "_GRACE": 20.0, "_OVER": 30.0},
    "output.batch": {"MAX_ARCHIVE": 100 * MIB},
    "search.landscape": {"MAX_KERNELS": 2**26},
    "search.sources": {"MAX_PICTURES": 10_000},
    "search.windows": {"WINDOW": 5},
    "search.for_picture": {"FEW": 0.1},
    "browser.limits": {"REACH": 2.0, "MAX_ZOOM": 64},
    "browser.page": {"MOST_NETWORKS": 4},
    "study.claims": {"LEAST_PAIRS": 3, "LEVEL": 0.05},
    "study.picture_information": {"_LEAST_CUTS": 8},
    "lab.verification": {"TOLERANCE": 1e-4},
    "lab.verdicts": {"_ENOUGH_PIXELS": 300},
    "lab.agreement": {"_ABOUT_AS_SURE": 0.05},
    "ui.upload_bounds": {
        **{"MOST_OF_SESSION": 256 * MIB, "MOST_OF_SERVER": GIB, "MOST_FILES": 1000},
        **{"MOST_HELD": 2 * GIB, "_LOOSE_SECONDS": 600.0},
    },
    "ui.links.fields": {"MAX_PARAMETER": 8000},
    "ui.links.session_file": {"MAX_BYTES": 1_000_000, "_MOST": 100},
    "ui.links.deck": {"MOST_SLIDES": 60, "_MOST_BYTES": 200_000},
    "ui.links.history": {"MAX_STEPS": 100},
    "ui.live.component": {"MAX_STATE": 4000, "_MAX_SENT": 2**21},
    "ui.learn.component": {"_MAX_SENT": 2**21},
    "ui.viewer.component": {"MAX_BYTES": 128 * MIB},
    "ui.design.desk": {"MAX_STEPS": 200, "MAX_SNAPSHOTS": 20},
    "ui.design.scoring": {"MAX_WEIGHT": 4.0},
    "ui.rail.fields": {"FIRST_MAPS": 16, "MAX_SEED": 9999},
    "ui.predict.choice": {"MOST": 4},
    "ui.uploaded_networks": {"_MOST": 4},
}


@pytest.mark.parametrize("place", LIMITS)
def test_a_limit_is_what_it_was_promised_to_be(place: str) -> None:
    module = import_module(place if place.startswith("ui.") else f"design_core.{place}")
    assert {name: getattr(module, name) for name in LIMITS[place]} == LIMITS[place]


def test_a_diagnosis_judges_by_these_bounds() -> None:
    verdicts = import_module("design_core.lab.verdicts")
    assert {key: (limit.look, limit.wrong) for key, limit in verdicts.LIMITS.items()} == {
        "scaling": (0.10, 0.20),
        "half-normal": (0.06, 0.15),
        "channels": (0.0, 0.05),
        "cells": (0.05, 0.005),
        "tiling": (1.0, 2.0),
        "cost": (0.10, 1.0),
    }
