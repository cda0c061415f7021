"""The summary: a snapshot, counts by hand, and agreement with the network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from design_core.networks import activation_maps, build_network
from design_core.networks.summary import summary

SNAPSHOT = Path(__file__).with_name("summary_tiny.txt")


def test_snapshot_of_the_table() -> None:
    assert str(summary(build_network("tiny", width=4), (1, 8, 8))) == SNAPSHOT.read_text().rstrip(
        "\n"
    )


def test_counts_of_vgg_small_by_hand() -> None:
    total = summary(build_network("vgg_small"), (3, 32, 32))
    n = 128
    convolutions = ((n, n, 32), (n, 2 * n, 16), (2 * n, 2 * n, 16), (2 * n, 4 * n, 8))
    convolutions += ((4 * n, 4 * n, 8),)
    assert total.total("binary_parameters") == sum(9 * a * b for a, b, _ in convolutions)
    assert total.total("binary_macs") == sum(9 * a * b * s * s for a, b, s in convolutions)
    features = 4 * n * 4 * 4
    assert total.total("real_macs") == 27 * n * 32 * 32 + 10 * features
    norms = 4 * (2 * n + 4 * n + 8 * n + 10)
    assert total.total("real_parameters") == 27 * n + 10 * features + norms
    assert total.total("packed_bytes") == (
        total.total("binary_parameters") // 8 + 4 * total.total("real_parameters")
    )
    assert total.binary_share == pytest.approx(
        total.total("binary_macs") / (total.total("binary_macs") + total.total("real_macs"))
    )


@pytest.mark.parametrize("binarizer", ["bnn", "xnor", "dorefa", "recu", "abc"])
def test_counted_values_are_those_of_the_state(binarizer: str) -> None:
    model = build_network("tiny", width=4, binarizer=binarizer)
    layers = summary(model, (1, 8, 8))
    values = sum(
        tensor.numel()
        for name, tensor in model.state_dict().items()
        if not name.endswith(("num_batches_tracked", "tau"))
    )
    # xnor, dorefa and abc compute their scales from the latent weights; the packed form needs them.
    scales = {"xnor": 4 + 8 + 8, "dorefa": 3, "abc": 3}.get(binarizer, 0)
    assert layers.total("latent_bytes") == 4 * (values + scales)


def test_density_is_measured_on_the_batch_and_the_network_stays_as_it_was() -> None:
    model = build_network("tiny", width=4, activation="design:2x2-v2").eval()
    batch = torch.randn(8, 1, 8, 8)
    layers = summary(model, (1, 8, 8), batch=batch).layers
    measured = [layer.density for layer in layers if layer.kind == "DeSign"]
    assert measured == [maps.density() for maps in activation_maps(model, batch)[1]]
    assert not any(module._forward_hooks for module in model.modules())
    assert next(model.parameters()).device.type == "cpu"


def test_summary_as_data() -> None:
    plain = json.loads(json.dumps(summary(build_network("resnet20"), (3, 32, 32)).to_dict()))
    assert len([layer for layer in plain["layers"] if layer["kind"] == "BinaryConv2d"]) == 18
    assert 0.98 < plain["total"]["binary_share"] < 1
