"""The table of sizes against whole landscapes."""

from __future__ import annotations

import numpy as np
import pytest

from design_core.__main__ import main
from design_core.progress import StoppedError
from design_core.search.block_tables import random_convolution_tables
from design_core.search.find import full_landscape
from design_core.search.sizes import size_rows, sizes_markdown

pytestmark = pytest.mark.quick


def test_a_row_is_what_its_whole_landscape_says() -> None:
    tables = random_convolution_tables(form="relu")
    one, two = size_rows(tables, (1, 2))
    for row in (one, two):
        for objective, best, median in (
            ("tv", row.best_tv.tv, row.median_tv),
            ("information", row.best_information.information, row.median_information),
        ):
            landscape = full_landscape(tables, (row.side, row.side), objective=objective)
            assert landscape is not None
            scores = landscape.scores()
            assert best == pytest.approx(scores.max())
            below = (scores < median - 1e-9).mean(), (scores <= median + 1e-9).mean()
            assert below[0] - 0.05 <= 0.5 <= below[1] + 0.05  # 2,000 of them are drawn
        assert row.exact
    assert two.best_tv.tv == pytest.approx(1.996094, abs=1e-6)  # [0 9; 9 0]
    assert {one.kernel.name for one in two.published} >= {"2x2-v1", "2x2-v2"}
    assert one.best_information.kernel.levels.tolist() == [[[1]]]


def test_a_search_that_is_stopped_ends_the_rows() -> None:
    def progress(fraction: float | None, _message: str) -> None:
        if fraction is not None and fraction > 0.6:  # half is done with 2×2
            raise StoppedError

    rows = list(size_rows(random_convolution_tables(), (2, 4), progress=progress))
    assert [row.side for row in rows] == [2]


def test_the_table_has_a_line_for_each_size() -> None:
    rows = list(size_rows(random_convolution_tables(), (1, 2)))
    lines = sizes_markdown(rows).splitlines()
    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
    assert f"{rows[1].best_information.information:.3f}" in lines[3]
    assert np.isfinite([row.median_tv for row in rows]).all()


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--compare-sizes", "1 2", "--form", "relu"]) == 0
    rows = size_rows(random_convolution_tables(form="relu"), (1, 2))
    assert capsys.readouterr().out == sizes_markdown(list(rows))
