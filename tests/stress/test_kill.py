"""Processes killed in the middle of writing: what is read afterwards is whole, the old or the new.

The kills within a training and an export are in `tests/training/test_run.py` and
`tests/commands/test_export.py`, those within a download in `tests/test_datasets.py`.
"""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from design_core.atomic import write_atomically
from design_core.engine import load_packed, pack, save_packed
from design_core.networks import NetworkSpec
from design_core.study.plan import Job
from design_core.study.queue import _copy_state, park_runs, parked_runs
from design_core.training.state import load_weights, save_state
from design_core.zoo.checkpoint import PictureForm, load_checkpoint, save_checkpoint

KILLS = 8
_SPEC = NetworkSpec("tiny", {"width": 64})
_FORM = PictureForm((1, 8, 8), (0.4,), (0.2,), tuple(map(str, range(10))))


def killed_while(write: Callable[[int], None], *, seed: int) -> None:
    """Run `write` with 0, 1, 2, … in another process, and kill it at a random moment."""

    def go_on() -> None:
        for number in itertools.count(2):
            write(number)

    context = multiprocessing.get_context("fork")
    child = context.Process(target=go_on)
    child.start()
    time.sleep(Random(seed).uniform(0.02, 0.2))
    child.kill()
    child.join()


def _model(number: int) -> nn.Module:
    """One of two networks."""
    torch.manual_seed(number % 2)
    return _SPEC.build().eval()


MODELS = (_model(0), _model(1))


def _is_one_of_two(weights: torch.Tensor) -> bool:
    return any(torch.equal(weights, model.state_dict()["head.linear.weight"]) for model in MODELS)


def _checkpoint(path: Path) -> tuple[Callable[[int], object], Callable[[], bool]]:
    def read() -> bool:
        return _is_one_of_two(load_checkpoint(path).model.state_dict()["head.linear.weight"])

    return lambda number: save_checkpoint(path, MODELS[number % 2], _SPEC, _FORM), read


def _state(path: Path) -> tuple[Callable[[int], object], Callable[[], bool]]:
    def write(number: int) -> None:
        model = MODELS[number % 2]
        save_state(path, model, torch.optim.SGD(model.parameters()), number)

    def read() -> bool:
        model = _model(7)
        load_weights(path, model)
        return _is_one_of_two(model.state_dict()["head.linear.weight"])

    return write, read


def _packed(path: Path) -> tuple[Callable[[int], object], Callable[[], bool]]:
    both = [pack(model, (1, 8, 8)) for model in MODELS]
    x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)

    def read() -> bool:
        found = load_packed(path)(x)
        return any(np.array_equal(found, one(x)) for one in both)

    return lambda number: save_packed(both[number % 2], path), read


def _large(path: Path) -> tuple[Callable[[int], object], Callable[[], bool]]:
    def write(number: int) -> None:
        write_atomically(path, bytes([number % 2]) * 2**22)

    return write, lambda: path.read_bytes() in (bytes(2**22), b"\1" * 2**22)


@pytest.mark.parametrize("kind", [_checkpoint, _state, _packed, _large])
def test_a_file_is_the_old_or_the_new(
    kind: Callable[[Path], tuple[Callable[[int], None], Callable[[], bool]]], tmp_path: Path
) -> None:
    write, read = kind(tmp_path / "file")
    write(0)
    for seed in range(KILLS):
        killed_while(write, seed=seed)
        assert read()
        assert not {path.name for path in tmp_path.iterdir()} - {"file", ".file.part"}


def test_a_parked_run_is_whole_or_no_run(tmp_path: Path) -> None:
    run, zoo = tmp_path / "runs" / "short-s0", tmp_path / "zoo"
    run.mkdir(parents=True)
    contents = {
        "state.safetensors": bytes(range(256)) * 2**12,
        "metrics.jsonl": b"{}\n" * 1000,
        "run.json": b"{}",
    }
    for name, data in contents.items():
        (run / name).write_bytes(data)
    job = Job(name="short-s0", recipe="digits", data="digits", seed=0, changes=())
    for seed in range(2 * KILLS):
        killed_while(lambda _: park_runs(run.parent, [job], zoo), seed=seed)
        for name in parked_runs(zoo):
            place = zoo / ".unfinished" / name
            assert {one: (place / one).read_bytes() for one in contents} == contents
        taken = tmp_path / f"taken-{seed}"
        killed_while(lambda _, taken=taken: _copy_state(run, taken), seed=seed)
        if (taken / "run.json").exists():
            assert {one: (taken / one).read_bytes() for one in contents} == contents
    # What the kills left behind is in nobody's way.
    assert park_runs(run.parent, [job], zoo) == [job.name]
    whole = {one: (zoo / ".unfinished" / job.name / one).read_bytes() for one in contents}
    assert whole == contents
