"""A surrogate, a weight binarizer with a schedule and a kind of activation that others add."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from design_core.__main__ import main
from design_core.activations import SURROGATES, DeSign
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import published_kernel
from design_core.lab.diagnosis import diagnose
from design_core.lab.subset import sample_subset
from design_core.networks.activation import FORMS, ActivationForm
from design_core.networks.binarizers import BINARIZERS, Xnor
from design_core.networks.layers import binary_layers
from design_core.study.overview import overview
from design_core.training.run import load_run
from design_core.zoo.card import load_cards
from design_core.zoo.entry import open_entry
from design_core.zoo.naming import describe_network, distinct_names

CHANGES = ("activation=flipped:2x2-v2", "surrogate=even", "binarizer=fading")
SIZE = ("width=4", "in_channels=1", "image_size=8", "epochs=2", "compile=false")


def even(distance: Tensor) -> Tensor:
    return torch.full_like(distance, 0.5)


class Fading(Xnor):
    """Its weights fade as training goes on."""

    share: Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__(outputs)
        self.register_buffer("share", torch.tensor(1.0))

    def set_progress(self, progress: float) -> None:
        self.share.fill_(1 - progress / 2)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        signs, scale = super().forward(latent)
        return signs, scale * self.share


def negated(kernel: ThresholdKernel, text: str) -> ThresholdKernel:
    return ThresholdKernel.from_thresholds(-kernel.thresholds[0], name=f"flipped {text}")


def build(kernel: ThresholdKernel | None, surrogate: str, _: int) -> DeSign:
    assert kernel is not None
    return DeSign(kernel, surrogate)


@pytest.fixture(scope="module", autouse=True)
def _with_ours() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for registry in (SURROGATES, BINARIZERS, FORMS):
            patch.setattr(registry, "_entries", dict(registry))
        SURROGATES.add("even", even)
        BINARIZERS.add("fading", Fading)
        FORMS.add("flipped", ActivationForm(build, negated))
        yield


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    changes = [word for change in (*CHANGES, *SIZE) for word in ("--set", change)]
    run = folder / "runs" / "ours"
    assert main(["train", "digits", "--data", "digits", *changes, "--out", str(run)]) == 0
    assert main(["zoo", "collect", str(folder / "runs"), "--zoo", str(folder / "zoo")]) == 0
    return folder / "zoo"


def test_the_network_has_them(zoo: Path) -> None:
    (card,) = load_cards(zoo)
    assert card.network["activation"] == "flipped:2x2-v2"
    checkpoint = open_entry(f"{card.name}@0", zoo).checkpoint
    subset = sample_subset(checkpoint.pictures, "digits")
    assert subset is not None
    expected = -published_kernel("2x2-v2").thresholds
    for block in diagnose(checkpoint, subset).blocks:
        assert block.thresholds == pytest.approx(expected, abs=1e-6)
    assert list(binary_layers(checkpoint.model))


def test_the_schedule_was_followed(zoo: Path) -> None:
    _, model = load_run(zoo.parent / "runs" / "ours")
    shares = [float(one.share) for one in model.modules() if isinstance(one, Fading)]
    assert shares
    assert all(0.5 <= share < 0.8 for share in shares)


def test_it_is_named(zoo: Path) -> None:
    (card,) = load_cards(zoo)
    (name,) = distinct_names([(card, 0)])
    assert "flipped" in name.lower()
    assert "binarizer fading" in describe_network(card, 0)
    assert "surrogate even" in describe_network(card, 0)
    assert len(overview([card])) == 1


def test_every_command_takes_it(zoo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (card,) = load_cards(zoo)
    for command in (
        ("models",),
        ("summary", card.name),
        ("evaluate", card.name),
        ("predict", "sample:digit-3"),
        ("diagnose", card.name),
        ("zoo", "report"),
        ("zoo", "table"),
        ("zoo", "verify"),
    ):
        assert main([*command, "--zoo", str(zoo)]) in (0, 1), command
        shown = capsys.readouterr()
        assert not shown.err, command
        assert shown.out, command
