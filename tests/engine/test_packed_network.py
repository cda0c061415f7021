"""A packed network in use: threads, processes, odd inputs, what importing it loads."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core.engine import PackedNetwork, pack
from design_core.engine.layers import Block, Cut, RealConv
from tests.engine.randomized import randomized_network


@pytest.fixture(scope="module")
def packed() -> PackedNetwork:
    pytest.importorskip("numba")
    model = randomized_network("vgg_small", width=16, activation="design:2x2-v2", padding="zero")
    return pack(model)


@pytest.fixture(scope="module")
def x() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal((70, 3, 32, 32)).astype(np.float32)


@pytest.mark.parametrize("threads", [2, 3, 100])
def test_threads_share_a_batch(packed: PackedNetwork, x: NDArray[np.float32], threads: int) -> None:
    assert np.array_equal(packed(x, threads=threads), packed(x))


def test_a_batch_is_its_pictures(packed: PackedNetwork, x: NDArray[np.float32]) -> None:
    alone = np.concatenate([packed(picture[None]) for picture in x])
    assert np.array_equal(packed(x), alone)


def test_two_threads_at_once(packed: PackedNetwork, x: NDArray[np.float32]) -> None:
    expected = packed(x)
    results: dict[int, list[bool]] = {}

    def work(name: int) -> None:
        results[name] = [np.array_equal(packed(x, threads=2), expected) for _ in range(5)]

    workers = [threading.Thread(target=work, args=(name,)) for name in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == {0: [True] * 5, 1: [True] * 5}


FORK = """
import os, sys
import numpy as np
from design_core.engine import load_packed
packed = load_packed(sys.argv[1])
x = np.random.default_rng(0).standard_normal((40, 3, 32, 32)).astype(np.float32)
expected = packed(x, threads=2)
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        same = np.array_equal(packed(x, threads=2), expected)
        os._exit(0 if same else 1)
    children.append(child)
assert np.array_equal(packed(x, threads=2), expected)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_forked_processes(packed: PackedNetwork, tmp_path: Path) -> None:
    from design_core.engine import save_packed

    save_packed(packed, tmp_path / "packed")
    command = [sys.executable, "-c", FORK, str(tmp_path / "packed")]
    subprocess.run(command, check=True, timeout=120, cwd=Path(__file__).parents[2])


def test_importing_the_engine_loads_neither_torch_nor_numba() -> None:
    code = "import sys, design_core.engine; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"torch", "numba", "numpy"}.isdisjoint(modules)


def test_no_pictures_no_scores(packed: PackedNetwork) -> None:
    assert packed(np.empty((0, 3, 32, 32))).shape == (0, 10)


def test_any_order_in_memory_and_any_number_type(
    packed: PackedNetwork, x: NDArray[np.float32]
) -> None:
    few = x[:3]
    expected = packed(few)
    assert np.array_equal(packed(np.asfortranarray(few)), expected)
    assert np.array_equal(packed(few.astype(np.float64)), expected)
    assert np.array_equal(packed(few[::-1])[::-1], expected)
    assert np.array_equal(packed(few.tolist()), expected)


def test_pictures_that_cannot_be_written_to_compile_nothing_anew(
    packed: PackedNetwork, x: NDArray[np.float32]
) -> None:
    from design_core.engine.compiled import _run

    few = np.ascontiguousarray(x[:2])
    expected = packed(few)
    few.flags.writeable = False
    assert np.array_equal(packed(few), expected)
    assert len(_run.signatures) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 32, 32), "Pictures come as a batch"),
        ((1, 1, 32, 32), "takes real of 3 channels; got real of 1"),
        ((1, 3, 16, 16), "BitDense takes 4×4 pixels; got 2×2"),
        ((1, 3, 4, 4), "Nothing to pool in 1×1 pixels"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(
    packed: PackedNetwork, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        packed(np.zeros(shape, np.float32))


def test_layers_that_do_not_fit_are_refused() -> None:
    conv = RealConv(np.zeros((3, 3, 1, 4), np.float32))
    with pytest.raises(ValueError, match="not class scores"):
        PackedNetwork([conv], (1, 8, 8))
    cut = Cut(np.zeros((1, 1, 4), np.int32), np.zeros(1, np.uint32))
    with pytest.raises(ValueError, match="Cut takes sums of 4 channels; got real of 4"):
        PackedNetwork([Block(conv, True, cut)], (1, 8, 8))
