"""The app and the command line without PyTorch: what runs, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from design_core.paths import CHECKPOINTS, ROOT
from design_core.zoo.card import load_cards
from design_core.zoo.entry import open_entry
from tests.install.environments import Environment, install

pytestmark = pytest.mark.install

SIGN, DESIGN = "digits-tiny-w16-sign-affine_on", "digits-tiny-w16-design_2x2-v2-affine_on"

# Runs every page as Streamlit does, and tells what went wrong and what was said.
PAGES = """
import json, sys
from streamlit.testing.v1 import AppTest
told = {}
for page in sys.argv[1:]:
    app = AppTest.from_file("app.py", default_timeout=120)
    app.run()
    if page != "start":
        app.switch_page(f"pages/{page}.py").run()
    told[page] = {
        "errors": [str(one.value) for one in (*app.exception, *app.error)],
        "said": [str(one.value) for one in (*app.info, *app.sidebar.caption)],
        "html": "".join(one.proto.body for one in app.get("html")),
    }
assert "torch" not in sys.modules
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What requirements/light.txt gives."""
    made = install(wheel, tmp_path_factory.mktemp("light"), extras=["app"])
    assert made.run("python", "-c", "import torch", cwd=ROOT).returncode == 1
    return made


def test_every_page_runs_and_says_what_is_missing(light: Environment) -> None:
    pages = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
    done = light.run("python", "-c", PAGES, *pages, cwd=ROOT, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert {page: one["errors"] for page, one in told.items() if one["errors"]} == {}
    for page, one in told.items():
        assert "ds-finding" in one["html"], page
    assert any('pip install "design-core[torch]"' in said for said in told["predict"]["said"])
    assert "1-bit engine" in told["predict"]["html"]
    assert any("where PyTorch is installed" in said for said in told["compare"]["said"])


def test_networks_answer_as_they_do_with_pytorch(light: Environment, tmp_path: Path) -> None:
    models = [part for name in (SIGN, DESIGN) for part in ("--model", name)]
    done = light.run(
        *("design", "predict", "sample:digit-3", *models, "--json"),
        cwd=tmp_path,
        DESIGN_CHECKPOINTS=str(CHECKPOINTS),
    )
    assert done.returncode == 0, done.stderr
    from design_core.pictures.samples import sample

    for answer in json.loads(done.stdout)["models"]:
        expected = open_entry(answer["name"]).predict(sample("digit-3")).probabilities
        assert answer["probabilities"] == pytest.approx(expected, abs=1e-6)
        assert answer["runs_on"] == "1-bit engine"


def test_a_real_valued_network_says_what_it_needs(light: Environment, tmp_path: Path) -> None:
    (real,) = [card.name for card in load_cards() if "hardtanh" in card.name]
    done = light.run(
        *("design", "predict", "sample:cifar10-00", "--model", real),
        cwd=tmp_path,
        DESIGN_CHECKPOINTS=str(CHECKPOINTS),
    )
    assert done.returncode == 1
    assert 'PyTorch, which is not installed: pip install "design-core[torch]"' in done.stderr


def test_packed_networks_run(light: Environment, tmp_path: Path) -> None:
    from design_core.engine import pack, save_packed

    entry = open_entry(SIGN)
    save_packed(pack(entry.checkpoint.model, entry.pictures.shape), tmp_path / "net.packed")
    code = (
        "import numpy as np; from design_core.engine import load_packed;"
        "print(load_packed('net.packed')(np.zeros((2, 1, 8, 8), np.float32)).shape)"
    )
    done = light.run("python", "-c", code, cwd=tmp_path)
    assert done.stdout == "(2, 10)\n", done.stderr
