"""The Batch page, driven as a user would, without a browser."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hostile import hostile_pictures, odd_pictures
from streamlit.testing.v1 import AppTest

from design_core.kernels.published import PUBLISHED
from design_core.output.batch import Settings, batch_finding, batch_rows
from design_core.pictures.items import file_items
from design_core.pictures.samples import sample_names
from tests.app_pages import APP, heading


@pytest.fixture
def app() -> AppTest:
    """The page as it opens, on the luminance of small pictures."""
    fresh = AppTest.from_file(APP, default_timeout=120)
    fresh.query_params["size"], fresh.query_params["source"] = "32", "picture"
    fresh.switch_page("pages/batch.py").run()
    assert not fresh.exception
    return fresh


def score(app: AppTest) -> Any:
    """Press the button; the batch that is kept."""
    app.button(key="score_batch").click().run()
    assert not app.exception
    return app.session_state["batch"]


def upload(app: AppTest, files: dict[str, bytes]) -> None:
    given = [(name, data, "application/octet-stream") for name, data in files.items()]
    app.file_uploader(key="batch_files").set_value(given).run()
    assert not app.exception


def test_it_opens_with_nothing_to_score(app: AppTest) -> None:
    assert heading(app) == "Score many pictures at once."
    assert app.button(key="score_batch").disabled


def test_samples_are_scored_as_by_the_library(app: AppTest) -> None:
    app.multiselect(key="batch_samples").set_value(["digits", "patterns"]).run()
    app.selectbox(key="published").set_value("hprof").run()
    batch = score(app)
    names = [*sample_names("digits"), *sample_names("patterns")]
    items = file_items([f"sample:{name}" for name in names])
    expected = list(batch_rows(items, Settings(PUBLISHED["hprof"], longest=32)))
    assert heading(app) == batch_finding(expected)
    assert [row.scores for row in batch.rows] == [row.scores for row in expected]
    table = app.dataframe[0].value
    assert table["Picture"].tolist() == names
    assert table["DeSign, edges per pixel"].tolist() == [
        row.scores["design_tv"] for row in expected
    ]
    assert "Problem" not in table
    assert zipfile.ZipFile(io.BytesIO(batch.archive)).testzip() is None


def test_a_scale_is_fitted_to_each_picture(app: AppTest) -> None:
    app.multiselect(key="batch_samples").set_value(["digits"]).run()
    app.selectbox(key="scaling").set_value("data").run()
    rows = score(app).rows
    items = file_items([f"sample:{name}" for name in sample_names("digits")])
    settings = Settings(PUBLISHED["2x2-v2"], fitted=True, longest=32)
    assert [one.scores for one in rows] == [one.scores for one in batch_rows(items, settings)]


def test_bad_files_are_listed_and_the_others_scored(app: AppTest) -> None:
    hostile = {f"{name}.png": data for name, data in hostile_pictures().items()}
    assert hostile.pop("archive.zip.png").startswith(b"PK")  # content decides, not the ending
    good = {name: odd_pictures()[name] for name in ("rgba.png", "one-pixel.png")}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside.png", good["rgba.png"])
    upload(app, {**hostile, **good, "some.zip": packed.getvalue(), "bad.zip": b"PK"})
    assert len(app.error) == 1
    assert "bad.zip is a damaged ZIP file" in app.error[0].value
    rows = {row.name: row for row in score(app).rows}
    assert len(rows) == len(hostile) + 3
    for name in (*good, "inside.png"):
        assert rows[name].is_scored
    assert all(len(rows[name].problem) > 20 for name in hostile)
    table = app.dataframe[0].value.set_index("Picture")
    assert table.loc["inside.png", "Problem"] == ""
    assert table.loc["inside.png", "Read as"] == "transparency laid over white"
    assert table.loc["one-pixel.png", "Read as"] == ""


def test_the_last_table_stays_while_settings_change(app: AppTest) -> None:
    app.multiselect(key="batch_samples").set_value(["patterns"]).run()
    score(app)
    said = heading(app)
    app.selectbox(key="published").set_value("hprof").run()
    assert heading(app) == said  # it says with which kernel it was made
    assert any("2x2-v2, scale published" in one.proto.body for one in app.get("html"))
