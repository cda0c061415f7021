"""A network written as the handbook says, trained and collected for all tests here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from design_core.__main__ import main
from design_core.networks import registry
from design_core.zoo.card import load_cards
from design_core.zoo.entry import layer_maps, open_entry
from tests.app_pages import APP

HANDBOOK = (Path(__file__).parents[2] / "docs" / "handbook.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```py\n(.*?)```", HANDBOOK, flags=re.DOTALL)
(PLAIN,) = (block for block in BLOCKS if "@register_network" in block)
RECIPE = """
[network]
name = "plain"
[training]
epochs = 1
warmup_epochs = 0.5
compile = false
"""


registry.network_names()  # ours are there before anything is put in their place


@pytest.fixture(autouse=True)
def own_registry() -> Iterator[None]:
    """What a test registers is gone afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry._NETWORKS, "_entries", dict(registry._NETWORKS))
        yield


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A zoo of the handbook's network, trained on digits with Sign and DeSign, two seeds each."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "plain.toml").write_text(RECIPE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry._NETWORKS, "_entries", dict(registry._NETWORKS))
        exec(compile(PLAIN, "handbook.md", "exec"), {"__name__": "plain"})
        for seed, activation in enumerate(("sign", "design:2x2-v2") * 2):
            run = folder / "runs" / f"{seed}"
            changes = ["--set", f"activation={activation}", "--seed", str(seed // 2)]
            command = ["train", str(folder / "plain.toml"), "--data", "digits", *changes]
            assert main([*command, "--out", str(run)]) == 0
        assert main(["zoo", "collect", str(folder / "runs"), "--zoo", str(folder / "zoo")]) == 0
        yield folder / "zoo"


@pytest.fixture
def on_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Path], AppTest]]:
    """Opens a page of an app that has another zoo."""

    def opened(page: str, zoo: Path) -> AppTest:
        monkeypatch.setattr("ui.networks.load_cards", lambda: load_cards(zoo))
        monkeypatch.setattr("ui.networks.open_entry", lambda name: open_entry(name, zoo))
        monkeypatch.setattr("design_core.zoo.entry.layer_maps", partial(layer_maps, root=zoo))
        st.cache_resource.clear()
        app = AppTest.from_file(APP, default_timeout=120).run()
        app.switch_page(f"pages/{page}.py").run()
        return app

    yield opened
    st.cache_resource.clear()
