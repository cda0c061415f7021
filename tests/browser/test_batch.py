"""Batch: pictures are scored, shown small, and opened in Explore from their row."""

from __future__ import annotations

from typing import Any

import pytest

from design_core.pictures.samples import sample_names
from tests.waiting import settle

pytestmark = pytest.mark.browser

HEAD, ROW = 35, 44  # heights in the table, CSS pixels


def test_a_row_opens_in_explore(whole_app: str, chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 1200})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{whole_app}/batch?samples=photos&source=picture&size=96")
    page.locator(".st-key-score_batch button").click()
    page.locator(".st-key-batch_chart .js-plotly-plot").wait_for()
    settle(page)
    table = page.get_by_test_id("stDataFrame")
    box = table.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + HEAD + 1.5 * ROW)  # the mark of the second row
    name = sample_names("photos")[1]
    opens = page.get_by_role("button", name=f"Open {name} in Explore")
    opens.click()
    page.wait_for_url("**/explore?**")
    page.locator(".ds-note", has_text=f"{name} · 96").wait_for()
    assert f"picture={name}" in page.url
    context.close()
