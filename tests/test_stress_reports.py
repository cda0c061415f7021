"""The documentation's figures on load and bad input are those of the reports."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stress.fuzz import SECONDS
from stress.load import BOUND_SECONDS
from stress.targets import TARGETS

ROOT = Path(__file__).parents[1]
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
SECTION = RESULTS.partition("## Standing load and bad input\n")[2].partition("\n## ")[0]
TEXT = " ".join(SECTION.split())


def report(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (ROOT / "stress" / "reports" / f"{name}.json").read_text(encoding="utf-8")
    )
    return found


FUZZ, LOAD, REPLICAS = report("fuzz"), report("load"), report("replicas")
SOAK, SOAK_OWN_ARENAS = report("soak"), report("soak_own_arenas")


def test_nothing_failed() -> None:
    assert FUZZ["failed"] == 0
    assert set(FUZZ["targets"]) == set(TARGETS)
    assert all(one["inputs"] >= 1000 for one in FUZZ["targets"].values())
    assert FUZZ["inputs"] >= 10_000
    assert FUZZ["slowest_seconds"] < SECONDS
    for part in (LOAD["users"], LOAD["beside_heavy_work"]):
        assert part["errors"] == 0
        assert part["interactions"]["median_s"] <= BOUND_SECONDS
    assert LOAD["most_reads_of_a_network"] == 1
    for soak in (SOAK, SOAK_OWN_ARENAS):
        assert soak["errors"] == 0
        assert soak["held_rise_mb_per_hour"] <= soak["bound_mb_per_hour"]
        assert soak["uploads_left"] == 0
        assert soak["minutes"] >= 10
    assert SOAK["resident_rise_mb_per_hour"] <= SOAK["bound_mb_per_hour"]
    assert REPLICAS["errors"] == REPLICAS["others_who_noticed"] == 0
    assert REPLICAS["users_of_the_killed_process"] == REPLICAS["of_them_connected_again"] > 0


@pytest.mark.parametrize(
    "one",
    [FUZZ, LOAD, REPLICAS, SOAK, SOAK_OWN_ARENAS],
    ids=["fuzz", "load", "replicas", "soak", "soak of own arenas"],
)
def test_date_and_machine_are_as_stated(one: dict[str, Any]) -> None:
    made = date.fromisoformat(str(one["date"]))
    assert f"{made.day} {made:%B %Y}" in TEXT
    assert one["cores"] == 2
    assert f"two cores of an {one['cpu']}" in TEXT


def _slope(soak: dict[str, Any], what: str, unit: str = "", sure: str = "") -> str:
    low, high = soak[f"{what}_rise_95"]
    rise = soak[f"{what}_rise_mb_per_hour"]
    return f"{rise:.1f}{unit} ({sure}{low:.1f} to {high:.1f})".replace("-", "−")


def test_figures_are_as_stated() -> None:
    plain, beside = LOAD["users"], LOAD["beside_heavy_work"]
    for stated in (
        f"{FUZZ['inputs']:,} damaged files in {len(FUZZ['targets'])} readers",
        f"slowest {FUZZ['slowest_seconds']:.1f} s, most memory {FUZZ['most_megabytes']} MB",
        f"{plain['users']} users, {plain['seconds']} s: "
        f"{plain['interactions']['count']:,} interactions, no error",
        f"median {plain['interactions']['median_s']:.2f} s, "
        f"95th percentile {plain['interactions']['p95_s']:.1f} s",
        f"beside heavy work: median {beside['interactions']['median_s']:.2f} s, "
        f"95th percentile {beside['interactions']['p95_s']:.1f} s",
        f"at most {max(plain['memory_mb']['most'], beside['memory_mb']['most']):,} MB",
        f"{SOAK['sessions']} sessions that upload and leave, {SOAK['minutes']:.0f} minutes",
        f"resident memory rose by {_slope(SOAK, 'resident', ' MB an hour', '95 %: ')}",
        f"what malloc has given out by {_slope(SOAK, 'held')}",
        f"{SOAK_OWN_ARENAS['sessions']:,} sessions, {SOAK_OWN_ARENAS['minutes']:.0f} minutes",
        f"resident memory {_slope(SOAK_OWN_ARENAS, 'resident')}",
        f"{REPLICAS['processes']} processes, {REPLICAS['users']} users, one process killed: its "
        f"{REPLICAS['users_of_the_killed_process']} users connected again, "
        f"the other {REPLICAS['others']} noticed nothing",
    ):
        assert stated in TEXT, stated


def test_the_scripts_exist() -> None:
    scripts = re.findall(r"python (\S+\.py)", SECTION)
    assert len(scripts) >= 4
    for script in scripts:
        assert (ROOT / script).is_file()
