"""A score that others add is one entry: command line, files and the app's tables have it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from design_core.__main__ import main
from design_core.kernels.published import published_kernel
from design_core.lab.feature_maps import extract_maps
from design_core.pictures import fit
from design_core.pictures.samples import sample
from design_core.scores.comparison import ActivationScores, compare_activations
from design_core.scores.registry import SCORES, Score
from tests.app_pages import APP

PICTURE = ("sample:coins", "--kernel", "2x2-v2", "--size", "40", "--source", "picture")


def corner(one: ActivationScores, x: np.ndarray) -> np.ndarray:
    """The share of the first row that fires."""
    assert one.output.shape == x.shape
    share: np.ndarray = (one.output[:, 0] > 0).mean(axis=1)
    return share


@pytest.fixture(autouse=True)
def _with_corner() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCORES, "_entries", dict(SCORES))
        SCORES.add(
            "corner",
            Score("First row that fires", corner, "first_row", "first row", form="percent"),
        )
        yield


def expected() -> dict[str, float]:
    maps = extract_maps(fit(sample("coins"), 40), "picture")
    compared = compare_activations(maps.x, published_kernel("2x2-v2").scaled("published"))
    return {name: float(corner(one, maps.x).mean()) for name, one in compared.items()}


def test_the_command_line_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maps", *PICTURE]) == 0
    assert "corner" in capsys.readouterr().out.splitlines()[1]
    assert main(["maps", *PICTURE, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["activations"]
    assert told["sign"]["corner"] == expected()["sign"]
    assert main(["batch", *PICTURE]) == 0
    assert "first row " in capsys.readouterr().out


def test_files_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", *PICTURE, "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert float(row["sign_first_row"]) == expected()["sign"]
    assert list(row)[4:6] == ["sign_tv", "design_tv"]


def test_the_app_has_it() -> None:
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.switch_page("pages/explore.py").run()
    assert not app.exception
    assert any("First row that fires" in table.value.index for table in app.dataframe)
    app.switch_page("pages/batch.py").run()
    app.multiselect(key="batch_samples").set_value(["patterns"]).run()
    app.button(key="score_batch").click().run()
    assert not app.exception
    (table,) = app.dataframe
    assert {"Sign, first row", "DeSign, first row"} <= set(table.value.columns)
