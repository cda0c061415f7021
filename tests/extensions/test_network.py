"""A network written as the handbook says goes through every command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from design_core.__main__ import main
from design_core.kernels.published import published_kernel
from design_core.lab.diagnosis import diagnose
from design_core.lab.perturbation_response import respond
from design_core.lab.subset import sample_subset
from design_core.lab.walkthrough import Walker, walk
from design_core.networks import NetworkSpec, activation_maps, registry
from design_core.networks.activation import build_activation
from design_core.networks.intermediate import Taps, activate
from design_core.networks.layers import binary_layers
from design_core.networks.registry import register_network
from design_core.networks.shared import SharedOptions
from design_core.networks.summary import summary
from design_core.networks.swap import with_kernel
from design_core.pictures.perturbations import PERTURBATIONS
from design_core.pictures.samples import sample
from design_core.study.overview import overview
from design_core.study.report import report
from design_core.zoo.card import Card, load_cards
from design_core.zoo.entry import Entry, open_entry
from design_core.zoo.naming import describe_network, distinct_names, network_words


def cards(zoo: Path) -> dict[str, Card]:
    return {card.activation: card for card in load_cards(zoo)}


def entry(zoo: Path, activation: str = "design:2x2-v2") -> Entry:
    return open_entry(cards(zoo)[activation].name, zoo)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) in (0, 1)  # a diagnosis that finds something exits with 1
    shown = capsys.readouterr()
    assert not shown.err
    return shown.out


def test_it_is_collected_under_a_name_that_says_what_it_has(plain: Path) -> None:
    assert sorted(card.name for card in cards(plain).values()) == [
        "digits-plain-design_2x2-v2-affine_on-plain",
        "digits-plain-sign-affine_on-plain",
    ]
    card = cards(plain)["sign"]
    assert card.seeds == [0, 1]
    assert (card.width, card.affine, card.picture, card.image_size) == (None, True, "real", None)
    assert card.blocks == ["early", "late"]


@pytest.mark.parametrize(
    "command",
    [
        ("models",),
        ("predict", "sample:digit-3"),
        ("zoo", "report"),
        ("zoo", "table"),
        ("zoo", "verify"),
        ("evaluate", "NAME"),
        ("summary", "NAME"),
        ("diagnose", "NAME"),
        ("diagnose", "NAME@1", "--picture", "sample:digit-3", "--json"),
        ("diagnose", "NAME", "--data", "digits", "--count", "20"),
    ],
)
def test_every_command_takes_it(
    plain: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    name = cards(plain)["design:2x2-v2"].name
    words = [word.replace("NAME", name) for word in command]
    assert "plain" in told(capsys, *words, "--zoo", str(plain)).lower()


def test_the_commands_about_kinds_know_it(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del plain
    report = json.loads(told(capsys, "summary", "plain", "--json"))
    assert [layer["block"] for layer in report["layers"] if layer["block"]] == ["early", "late"]


def test_its_summary_has_the_densities_of_its_card(
    plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = cards(plain)["sign"]
    layers = json.loads(told(capsys, "summary", card.name, "--zoo", str(plain), "--json"))["layers"]
    measured = {layer["block"]: layer["density"] for layer in layers if layer["block"]}
    assert measured == card.results[0].density


def test_its_blocks_are_diagnosed_by_their_own_thresholds(plain: Path) -> None:
    checkpoint = entry(plain).checkpoint
    subset = sample_subset(checkpoint.pictures, "digits")
    assert subset is not None
    found = diagnose(checkpoint, subset)
    assert [block.name for block in found.blocks] == ["early", "late"]
    kernel = published_kernel("2x2-v2").thresholds
    for block in found.blocks:
        assert block.thresholds == pytest.approx(kernel, abs=1e-6)


def test_it_is_walked_through_swapped_and_perturbed(plain: Path) -> None:
    sign, design = (entry(plain, name).checkpoint for name in ("sign", "design:2x2-v2"))
    walked = walk(sample("digit-3"), Walker.trained(sign), Walker.trained(design))
    assert [layer.name for layer in walked.layers] == ["early", "late"]
    swapped = walk(sample("digit-3"), Walker.trained(sign), Walker.swapped(sign, None))
    assert swapped.parting is None
    pixels = sign.pictures.pixels(sample("digit-3"))[0].numpy()
    response = respond(sign, pixels, next(iter(PERTURBATIONS.values())))
    assert list(response.flipped) == ["early", "late"]


def test_it_is_named_and_told_of(plain: Path) -> None:
    both = list(cards(plain).values())
    assert sorted(distinct_names([(card, 0) for card in both])) == ["DeSign 2D", "Sign"]
    assert {network_words(card) for card in both} == {"plain"}
    assert "width" not in describe_network(both[0], 0)
    assert {row["width"] for row in overview(both)} == {None}
    assert "DeSign 2D" in str(report(both))


class Grey(nn.Module):
    """Its activation is shared by two places, and one of its layers is of an unknown kind."""

    def __init__(self, activation: str) -> None:
        super().__init__()
        self.stretch = nn.Parameter(torch.ones(1, 1, 1, 1))
        self.norm = nn.BatchNorm2d(1, affine=False)
        self.cut = build_activation(activation)
        self.mix = nn.Bilinear(64, 64, 10)

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        x = activate(self.cut, self.norm(x * self.stretch), "only", taps).flatten(1)
        mixed: Tensor = self.mix(x, x)
        return mixed


def test_one_option_is_enough() -> None:
    @register_network
    def grey(*, activation: str = "sign") -> Grey:
        return Grey(activation)

    spec = NetworkSpec("grey")
    assert (spec.affine, spec.width, spec.picture, spec.in_channels) == (True, None, "real", 3)
    model = spec.build().eval()
    batch = torch.randn(5, 1, 8, 8)
    counted = summary(model, (1, 8, 8), batch=batch)
    kinds = {layer.kind: layer for layer in counted.layers}
    assert kinds["Bilinear"].real_parameters == 10 * 64 * 64 + 10
    assert kinds["Sign"].density == pytest.approx(float((model.norm(batch) >= 0).double().mean()))
    assert counted.binary_share == 0
    swapped = with_kernel(model, published_kernel("2x2-v2"))
    assert activation_maps(swapped, torch.randn(1, 1, 8, 8))[1][0].activation is swapped.cut


def test_shared_options_come_with_a_default_of_their_own() -> None:
    @register_network
    def chain(shared: SharedOptions = SharedOptions(width=4), *, depth: int = 2) -> nn.Module:  # noqa: B008
        layers = [shared.conv(shared.width, shared.width) for _ in range(depth)]
        return _Tapped(nn.Sequential(*layers), shared)

    spec = NetworkSpec("chain", {"depth": 3, "binarizer": "xnor"})
    assert (spec.width, spec.options["depth"], spec.options["padding"]) == (4, 3, "one")
    assert len(list(binary_layers(spec.build()))) == 3


class _Tapped(nn.Module):
    def __init__(self, body: nn.Module, shared: SharedOptions) -> None:
        super().__init__()
        self.body, self.act = body, shared.act(0, shared.width)

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        return activate(self.act, self.body(x), "all", taps)


def test_a_name_is_taken_once() -> None:
    def tiny(*, activation: str = "sign") -> nn.Module:
        return Grey(activation)

    with pytest.raises(ValueError, match="Network 'tiny' exists already"):
        register_network(tiny)
    assert NetworkSpec("tiny").image_size == 8


def _without_activation(*, width: int = 3) -> nn.Module:
    raise NotImplementedError(width)


def _positional(activation: str = "sign") -> nn.Module:
    raise NotImplementedError(activation)


def _without_default(*, activation: str) -> nn.Module:
    raise NotImplementedError(activation)


def _of_another_type(*, activation: str = "sign", rate: float = 0.5) -> nn.Module:
    raise NotImplementedError(activation, rate)


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (_without_activation, "needs an option 'activation'"),
        (_positional, "'activation' of network '_positional' must be keyword-only"),
        (_without_default, "must be keyword-only with a default"),
        (_of_another_type, "Option 'rate' of network"),
    ],
)
def test_what_breaks_the_contract_is_refused_at_once(builder: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        register_network(builder)
    assert builder.__name__ not in registry._NETWORKS


def test_a_network_that_hands_out_no_maps_is_told_of() -> None:
    class Silent(nn.Linear):
        def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
            del taps
            return super().forward(x)

    @register_network
    def silent(*, activation: str = "sign") -> nn.Module:
        del activation
        return Silent(3, 3)

    @register_network
    def deaf(*, activation: str = "sign") -> nn.Module:
        del activation
        return nn.Linear(3, 3)

    with pytest.raises(ValueError, match="Silent appended nothing to `taps`"):
        activation_maps(NetworkSpec("silent").build().eval(), torch.randn(1, 3))
    with pytest.raises(ValueError, match=r"deaf must build a module whose forward takes \(x, taps"):
        NetworkSpec("deaf").build()
