"""Commands ``search`` and ``score``: JSON keys, tables, errors."""

from __future__ import annotations

import json

import pytest

from design_core.__main__ import main


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_search_reports_the_best_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "search", "--size", "2", "--form", "relu", "--top", "2")
    assert found["score"] == pytest.approx(1.996094, abs=5e-7)
    assert found["best"][0]["kernel"]["text"] == "0 9;9 0"
    assert (found["ties"], found["evaluated"], found["exact"]) == (2, 1296, True)
    assert found["seconds"] > 0


def test_search_takes_constraints_and_slices(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(
        capsys, "search", "--size", "2x3", "--form", "relu", "--density", "0.2:0.4",
        "--allow", "1,3,9", "--max-distinct", "2", "--slices", "shift:2",
        "--objective", "tv + 0.5*information",
    )  # fmt: skip
    levels = found["best"][0]["kernel"]["levels"]
    assert (len(levels), len(levels[0]), len(levels[0][0])) == (2, 2, 3)
    assert {level for row in levels[0] for level in row} <= {1, 3, 9}
    assert 0.2 <= found["best"][0]["density"] <= 0.4


def test_search_prints_what_there_is_to_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--size", "2", "--top", "1"]) == 0
    printed = capsys.readouterr().out
    assert "272 of 1,296 kernels share this score" in printed
    assert "2x2-v2 0.9394 (rank 273)" in printed


def test_score_ranks_a_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    scored = run_json(capsys, "score", "1 1;0 3", "--form", "relu")
    assert scored["score"] == pytest.approx(1.123047, abs=5e-7)
    assert (scored["rank"], scored["of"]) == (209, 1296)


@pytest.mark.parametrize(
    ("kernel", "last_line"),
    [
        ("2x2-v2", "Rank 273 of 1,296; kernels with this score: 16."),
        ("2x2x4-shifted-v2", "A kernel of several slices has no rank"),
        ("bayer-4", "too many to list"),
    ],
)
def test_score_prints_a_line_about_the_rank(
    kernel: str, last_line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", kernel]) == 0
    assert last_line in capsys.readouterr().out


def test_score_uses_the_kernels_own_levels_and_scale(capsys: pytest.CaptureFixture[str]) -> None:
    scored = run_json(capsys, "score", "baseline-2x2x4", "--source", "picture:sample:camera")
    assert scored["kernel"]["level_set"] == [1, 2, 3, 4]
    assert scored["kernel"]["scale"]["name"] == "published"


@pytest.mark.parametrize("arguments", [["--source", "moon"], ["--objective", "beauty"]])
def test_bad_input_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--size", "2", *arguments]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--size", "big"], ["--density", "0.2"], ["--allow", "x"]])
def test_unreadable_options_are_usage_errors(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["search", *arguments])
    assert stopped.value.code == 2
