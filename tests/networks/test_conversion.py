"""`make_binary` on modules of all kinds: what changes, what stays, that it learns."""

from __future__ import annotations

import copy
from threading import Thread

import pytest
import torch
from torch import Tensor, nn

from design_core.activations import DeSign, Sign
from design_core.kernels.published import published_kernel
from design_core.networks.conversion import make_binary
from design_core.networks.intermediate import activation_maps
from design_core.networks.layers import BinaryConv2d, BinaryLinear


class Branching(nn.Module):
    """A network that no chain describes: a shortcut, a shared activation, a grouped convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.body = nn.Conv2d(8, 8, 3, padding=1)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.dilated = nn.Conv2d(8, 8, 3, padding=2, dilation=2)
        self.norm = nn.BatchNorm2d(8)
        self.gate = nn.Sigmoid()
        self.hidden = nn.Linear(8, 6)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.stem(x)))
        x = x + self.act(self.norm(self.body(x)))
        x = self.gate(self.dilated(self.depthwise(x))).mean((2, 3))
        scores: Tensor = self.head(self.hidden(x))
        return scores


def test_any_module_becomes_binary_and_says_what_it_left() -> None:
    network = Branching()
    state = copy.deepcopy(network.state_dict())
    binary, report = make_binary(network, "design:2x2-v2", surrogate="triangular")
    assert {one.name: one.after for one in report.changed} == {
        "act": "DeSign",
        "body": "BinaryConv2d",
        "hidden": "BinaryLinear",
    }
    assert {one.name: one.note for one in report.left} == {
        "stem": "the first layer, which sees the picture",
        "depthwise": "its channels are convolved in 8 groups",
        "dilated": "its window is dilated",
        "gate": "no hidden activation",
        "head": "the last layer, which gives the class scores",
    }
    assert "body: Conv2d → BinaryConv2d" in str(report)
    assert isinstance(network.act, nn.ReLU)  # the original stays
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    assert binary.get_submodule("act").surrogate == "triangular"
    loss = binary(torch.randn(4, 3, 8, 8)).square().sum()
    loss.backward()
    gradient = binary.get_parameter("body.weight").grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_a_binary_layer_is_the_real_one_with_the_signs_of_its_weights() -> None:
    torch.manual_seed(0)
    for old in (
        nn.Conv2d(3, 4, 3, padding=1, stride=2),
        nn.Conv2d(3, 4, 5, padding=0, bias=False),
        nn.Conv2d(3, 4, 3, padding="same", padding_mode="replicate"),
    ):
        network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Hardtanh(), old, nn.Conv2d(4, 2, 1))
        binary, _ = make_binary(network, padding="zero")
        new = binary[2]
        assert isinstance(new, BinaryConv2d)
        with torch.no_grad():
            old.weight.copy_(torch.where(old.weight >= 0, 1.0, -1.0))
            x = torch.where(torch.randn(2, 3, 9, 9) >= 0, 1.0, -1.0)
            torch.testing.assert_close(new(x), old(x))
    linear = nn.Linear(7, 5)
    binary, _ = make_binary(nn.Sequential(nn.Linear(7, 7), nn.ReLU(), linear), last="binary")
    new = binary[2]
    assert isinstance(new, BinaryLinear)
    with torch.no_grad():
        linear.weight.sign_()
        x = torch.randn(3, 7)
        torch.testing.assert_close(new(x), linear(x))


def test_activations_by_name_by_kernel_and_in_chains() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.GELU(), nn.Linear(3, 3)
    )
    chain, report = make_binary(network, "design:2x2-v2 then sign")
    assert isinstance(chain[1], DeSign)
    assert isinstance(chain[3], Sign)
    assert report.changed[0].note.startswith("no batch norm before it")
    kernel = published_kernel("2x2-v1")
    own, _ = make_binary(network, kernel)
    assert own[3].thresholds.tolist() == torch.tensor(kernel.thresholds).float().tolist()
    learned, _ = make_binary(network, "learned:channel")
    assert learned[1].thresholds.shape == (6, 1, 1)
    assert learned[3].thresholds.shape == (4, 1, 1)


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (nn.Sequential(nn.Linear(2, 2)), {}, "nothing to make binary"),
        (nn.ReLU(), {}, "A single ReLU is no network"),
        (Branching(), {"first": "bits"}, "first is 'real' or 'binary'; got 'bits'"),
        (Branching(), {"padding": "two"}, "Unknown padding 'two'"),
        (Branching(), {"activation": "desing"}, "Unknown activation 'desing'"),
    ],
)
def test_what_cannot_be_done_is_said(
    network: nn.Module, options: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_binary(network, **options)


def test_maps_of_a_plain_module_and_no_hooks_left() -> None:
    binary, _ = make_binary(Branching(), "design:2x2-v2")
    binary.eval()
    x = torch.randn(2, 3, 8, 8)
    logits, taps = activation_maps(binary, x)
    assert [tap.name for tap in taps] == ["act", "act#2"]
    with torch.inference_mode():
        stem = binary.get_submodule("norm")(binary.get_submodule("stem")(x))
        assert torch.equal(taps[0].x, stem)
        assert torch.equal(taps[0].y, binary.get_submodule("act")(stem))
        assert torch.equal(logits, binary(x))
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in binary.modules())
    with pytest.raises(ValueError, match="called no Sign, DeSign, Hardtanh or ReLU"):
        activation_maps(nn.Sequential(nn.Linear(2, 2)).eval(), torch.zeros(1, 2))


def test_an_inplace_activation_is_seen_before_it_overwrites() -> None:
    network = nn.Sequential(nn.Identity(), nn.ReLU(inplace=True)).eval()
    x = torch.tensor([[-1.0, 2.0]])
    _, (tap,) = activation_maps(network, x.clone())
    assert tap.x.flatten(1).tolist() == [[-1.0, 2.0]]  # maps of one pixel
    assert tap.y.flatten(1).tolist() == [[0.0, 2.0]]


def test_hooks_hear_the_thread_that_asks_alone() -> None:
    class Waiting(nn.Module):
        """Has another thread pass through the network while this one is under way."""

        def __init__(self) -> None:
            super().__init__()
            self.act = Sign()
            self.other: Thread | None = None

        def forward(self, x: Tensor) -> Tensor:
            if self.other is None:
                self.other = Thread(target=self, args=(x,))
                self.other.start()
                self.other.join()
            y: Tensor = self.act(x)
            return y

    _, taps = activation_maps(Waiting().eval(), torch.ones(1, 1))
    assert len(taps) == 1


def test_a_refused_pass_leaves_no_hooks() -> None:
    network = nn.Sequential(nn.ReLU(), nn.Linear(3, 3)).eval()
    with pytest.raises(RuntimeError):
        activation_maps(network, torch.zeros(1, 2))
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in network.modules())
