"""One of each kind that others may add, in one network: every command and every page takes them.

A network, a data set, a score, a surrogate gradient, a weight binarizer, a kind of activation and
an arm, all unknown to this project. A command or a page that is new has to be added here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from design_core.__main__ import main
from design_core.activations import SURROGATES
from design_core.commands import COMMANDS
from design_core.networks import registry
from design_core.networks.activation import FORMS, ActivationForm
from design_core.networks.binarizers import BINARIZERS
from design_core.networks.intermediate import Taps, activate
from design_core.networks.registry import register_network
from design_core.networks.shared import SharedOptions
from design_core.pictures.dataset_cards import DATASETS
from design_core.scores.registry import SCORES, Score
from design_core.zoo.arms import ARMS, Arm
from design_core.zoo.card import find_card, load_cards
from design_core.zoo.entry import layer_maps
from tests.extensions.test_activation_kinds import Fading, build, even, negated
from tests.extensions.test_data_set import CARD as GREYS
from tests.extensions.test_pages import text
from tests.extensions.test_score import corner
from ui.compare.address import offered_panels
from ui.design.address import PANELS as DESIGN_PANELS
from ui.predict.address import PANELS as PREDICT_PANELS
from ui.speed.address import QUESTIONS

ROOT = Path(__file__).parents[2]
MINE = Arm("mine", "flipped:2x2-v2", "mine, at last", "Mine", "#123456")
REGISTRIES = (registry._NETWORKS, DATASETS, SCORES, SURROGATES, BINARIZERS, FORMS, ARMS)
RECIPE = """
[network]
name = "ours"
width = 4
surrogate = "even"
binarizer = "fading"
[training]
epochs = 1
warmup_epochs = 0.5
compile = false
"""


class Ours(nn.Module):
    """Two binary layers."""

    def __init__(self, shared: SharedOptions) -> None:
        super().__init__()
        width = shared.width
        self.first = nn.Conv2d(shared.in_channels, width, 3, padding=1, bias=False)
        self.early_norm, self.early = shared.norm(width), shared.act(0, width)
        self.second = shared.conv(width, width)
        self.late_norm, self.late = shared.norm(width), shared.act(1, width)
        self.head = nn.Linear(width, shared.num_classes)

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        x = activate(self.early, self.early_norm(self.first(x)), "early", taps)
        x = activate(self.late, self.late_norm(self.second(x)), "late", taps)
        scores: Tensor = self.head(x.mean((2, 3)))
        return scores


def ours(shared: SharedOptions = SharedOptions()) -> Ours:  # noqa: B008
    return Ours(shared)


@pytest.fixture(scope="module", autouse=True)
def _with_all() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for one in REGISTRIES:
            patch.setattr(one, "_entries", dict(one))
        register_network(ours)
        DATASETS.add("greys", GREYS)
        SCORES.add("corner", Score("First row", corner, "first_row", "first row", form="percent"))
        SURROGATES.add("even", even)
        BINARIZERS.add("fading", Fading)
        FORMS.add("flipped", ActivationForm(build, negated))
        ARMS.add(MINE.key, MINE)
        yield


@pytest.fixture(autouse=True)
def own_registry() -> None:
    """In place of the package's, which would take the network away."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs with Sign and with our arm, and the zoo that they are collected to."""
    folder = tmp_path_factory.mktemp("all")
    (folder / "ours.toml").write_text(RECIPE, encoding="utf-8")
    for name in ("sign", MINE.activation):
        command = ["train", str(folder / "ours.toml"), "--data", "greys"]
        run = str(folder / "runs" / name[:4])
        assert main([*command, "--set", f"activation={name}", "--out", run]) == 0
    assert main(["zoo", "collect", str(folder / "runs"), "--zoo", str(folder / "zoo")]) == 0
    return folder


#: The order of a forward of one's own cannot be read, which `export` says, with what to do.
WRITTEN = ("onnx", "packed", "openvino", "html")

#: Words for the network, and for a layer of it, stand for its name and the source of its maps.
LINES = [
    ("train", "RECIPE", "--data", "greys", "--set", "activation=sign", "--out", "RUN", "--resume"),
    ("models", "--zoo", "ZOO"),
    ("summary", "NAME", "--zoo", "ZOO"),
    ("summary", "ours"),
    ("evaluate", "NAME", "--zoo", "ZOO"),
    ("predict", "set:greys-test:1", "--zoo", "ZOO"),
    ("diagnose", "NAME", "--data", "greys", "--count", "20", "--zoo", "ZOO"),
    *(("export", "NAME", "--zoo", "ZOO", "--to", kind, "--out", "FILE") for kind in WRITTEN),
    ("maps", "set:greys-test:0", "--source", "LAYER"),
    ("batch", "set:greys-test:0", "set:greys-test:1", "--source", "LAYER"),
    ("search", "--size", "1x2", "--source", "LAYER"),
    ("score", "2x2-v2", "--source", "LAYER"),
    ("score", "2x2-v2", "--source", "picture:set:greys-test:0"),
    ("kernels",),
    ("zoo", "plan", "--only", "stat-mine-*", "--zoo", "ZOO"),
    ("zoo", "collect", "RUNS", "--zoo", "ZOO"),
    ("zoo", "verify", "--zoo", "ZOO"),
    ("zoo", "table", "--zoo", "ZOO"),
    ("zoo", "report", "--zoo", "ZOO"),
    ("zoo", "park", "--runs", "RUNS", "--zoo", "ZOO"),
    ("zoo", "corruptions", "--count", "10", "--zoo", "ZOO"),
]

#: The engine's speed is measured on networks of its own; ours gives a picture one class, not each
#: pixel.
LEFT_OUT = {"bench", "segment"}


def test_no_command_is_forgotten() -> None:
    names = {command.__name__.rpartition(".")[2] for command in COMMANDS}
    assert {line[0] for line in LINES} == names - LEFT_OUT


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_every_command_takes_them(
    line: tuple[str, ...],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zoo = folder / "zoo"
    monkeypatch.setattr("design_core.zoo.entry.layer_maps", partial(layer_maps, root=zoo))
    monkeypatch.setattr(
        "design_core.zoo.card.find_card", lambda name, root=zoo: find_card(name, root)
    )
    (name,) = (card.name for card in load_cards(zoo) if card.activation == MINE.activation)
    words = {
        **{"NAME": name, "LAYER": f"layer:{name}:late", "ZOO": str(zoo)},
        **{"RUNS": str(folder / "runs"), "RUN": str(folder / "runs" / "sign")},
        "RECIPE": str(folder / "ours.toml"),
    }
    told = [words.get(word, word.replace("FILE", str(tmp_path / "file"))) for word in line]
    status = main(told)
    shown = capsys.readouterr()
    if line[0] == "export":
        assert status == 1
        assert "Put its layers into an nn.Sequential." in shown.err
        assert not list(tmp_path.iterdir())
        return
    assert status in (0, 1)  # a diagnosis that finds something exits with 1
    assert not shown.err or line[1:2] == ("corruptions",)  # which says there how far it has come
    if line[0] in ("maps", "batch"):
        assert "corner" in shown.out or "first row" in shown.out
    elif line[:2] == ("zoo", "table"):
        assert MINE.title in shown.out


#: The keys and values of each page's panels; a page without any is opened as it is.
PANELS: dict[str, tuple[str, tuple[str, ...]]] = {
    "compare": ("compare_panel", offered_panels()),
    "predict": ("predict_panel", PREDICT_PANELS),
    "design": ("panel", DESIGN_PANELS),
    "speed": ("speed_question", QUESTIONS),
    "explore": ("source", ("picture", "layer")),
}


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "pages").glob("*.py")))
def test_every_page_takes_them(
    page: str, folder: Path, on_page: Callable[[str, Path], AppTest]
) -> None:
    app = on_page(page, folder / "zoo")
    assert not app.exception
    key, panels = PANELS.get(page, ("", ()))
    for panel in panels:
        app.session_state[key] = panel
        app.run()
        assert not app.exception, panel
        assert not app.error, panel
        if page == "compare" and panel != panels[-1]:
            assert MINE.short in text(app) or MINE.title in text(app), panel
