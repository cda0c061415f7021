"""Figures of the 1-bit engine in the results are the recorded ones, which Speed shows."""

from __future__ import annotations

import re
from pathlib import Path

from design_core.engine.report import recorded, recorded_elsewhere
from design_core.engine.speed_tables import speed_markdown
from design_core.study.documents import between_markers

RESULTS = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
REPORT = recorded()


def test_the_record_is_worth_showing() -> None:
    assert not REPORT.disturbed
    assert REPORT.compiled
    assert REPORT.missing == ()
    assert REPORT.rival_sizes == [(width, batch) for width in (32, 64, 128) for batch in (1, 64)]
    assert {(1, 1), (64, 1)} <= set(REPORT.combinations)
    for combination in REPORT.combinations:
        assert len(REPORT.layers_at(*combination)) == 5
        assert len(REPORT.networks_at(*combination)) == 4


def test_tables_are_those_of_the_record() -> None:
    """If this fails: ``python -m design_core bench --recorded --write docs/results.md``."""
    expected = speed_markdown(REPORT, recorded_elsewhere())
    parts = between_markers(RESULTS, "bench table")
    assert parts is not None
    assert parts[1].strip() == expected.strip()


def test_processors_are_told_apart() -> None:
    names = [report.cpu["name"] for report in (REPORT, *recorded_elsewhere())]
    assert len(set(names)) == len(names) == 2
    assert all(re.fullmatch(r"AMD EPYC, Zen \d", name) for name in names)


def test_sizes_are_as_stated() -> None:
    ratios = {one.name: one.size_ratio for one in REPORT.networks_at(1, 1)}
    real, binary = (
        ratios[name] for name in ("vgg_small, design:2x2-v2", "vgg_small all binary, design:2x2-v2")
    )
    assert f"**{real:.0f} × smaller** than float32" in RESULTS
    assert f"**{binary:.0f} ×** with binary first and last layers" in RESULTS
    assert f"DeSign takes {REPORT.design_over_sign:.2f} × the time of Sign" in RESULTS
