"""The reader in C: scores to the bit, and nothing but words for files that are no networks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core.engine import PackedNetwork, load_packed, save_packed
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.entry import open_entry
from stress.fuzz import damaged_input
from stress.targets import TARGETS
from tests.engine import test_packed_files as files
from tests.zoo_sample import one_of_each_kind

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "design_core" / "engine" / "native"
FLAGS = ["-O2", "-ffp-contract=off"]
CHECKED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
TARGET = "packed network"
INPUTS = 150

ZOO = [f"{card.name}@{card.seeds[0]}" for card in one_of_each_kind()]


def compiler() -> str:
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        pytest.skip("There is no C compiler: neither cc nor gcc nor clang.")
    return found


def build(target: Path, flags: list[str]) -> Path:
    sources = [str(NATIVE / name) for name in ("scores.c", "packed.c")]
    command = [compiler(), "-Wall", "-Wextra", "-Werror", *flags, "-o", str(target), *sources]
    subprocess.run(command, check=True)
    return target


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("native") / "scores", FLAGS)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that ends at the first byte read or written where none is its own."""
    folder = tmp_path_factory.mktemp("checked")
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    command = [compiler(), *CHECKED, "-o", str(folder / "empty"), str(source)]
    built = subprocess.run(command, capture_output=True).returncode == 0
    if not built or subprocess.run([folder / "empty"], capture_output=True).returncode:
        pytest.skip("The compiler here has no sanitizers for addresses and undefined behaviour.")
    return build(folder / "scores", [*FLAGS, *CHECKED])


def run(program: Path, network: Path, x: NDArray[np.float32]) -> subprocess.CompletedProcess[str]:
    pictures = network.with_suffix(".f32")
    pictures.write_bytes(x.astype("<f4").tobytes())
    return subprocess.run([program, network, pictures], capture_output=True, text=True)


def scores(program: Path, network: Path, x: NDArray[np.float32]) -> NDArray[np.float32]:
    done = run(program, network, x)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return np.array([line.split() for line in done.stdout.splitlines()], np.float32)


def assert_alike(program: Path, packed: PackedNetwork, x: Any, folder: Path) -> None:
    path = folder / "network.packed"
    save_packed(packed, path)
    assert np.array_equal(scores(program, path, x), packed(x))


@pytest.mark.parametrize("reference", ZOO)
def test_every_network_of_the_zoo(program: Path, reference: str, tmp_path: Path) -> None:
    checkpoint = open_entry(reference).checkpoint
    if checkpoint.packed is None:
        assert "hardtanh" in reference  # real values are no bits
        return
    form = checkpoint.pictures
    names = sample_names("digits" if form.shape[0] == 1 else "cifar10")
    squares = np.stack([form.square(sample(name)) for name in names])
    noise = np.random.default_rng(0).integers(0, 256, (4, *squares.shape[1:]), np.uint8)
    x = form.input(np.concatenate([squares, noise]))
    assert_alike(program, checkpoint.packed, x, tmp_path)


@pytest.mark.parametrize(("name", "options", "shape"), files.NETWORKS, ids=str)
def test_odd_networks_within_their_own_memory(
    checked: Path, name: str, options: dict[str, Any], shape: tuple[int, int, int], tmp_path: Path
) -> None:
    packed = files.packed_network(name, options, shape)
    assert_alike(checked, packed, files.pictures(shape), tmp_path)


def test_the_documented_command(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "packed-format.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^cc (.*) -o scores (.*)$", text, re.MULTILINE)
    assert command[0].split() == FLAGS
    target = tmp_path / "scores"
    words = [compiler(), *command[0].split(), "-o", str(target), *command[1].split()]
    subprocess.run(words, check=True, cwd=ROOT)
    packed = files.packed_network(*files.NETWORKS[0])
    assert_alike(target, packed, files.pictures((1, 8, 8)), tmp_path)


def test_a_shared_library(tmp_path: Path) -> None:
    """As another language would call it."""
    import ctypes

    target = tmp_path / "libpacked.so"
    source = str(NATIVE / "packed.c")
    command = [compiler(), *FLAGS, "-shared", "-fPIC", "-o", str(target), source]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(target))
    library.design_open.restype = ctypes.c_void_p
    packed = files.packed_network(*files.NETWORKS[2])
    save_packed(packed, tmp_path / "one.packed")
    data, why = (tmp_path / "one.packed").read_bytes(), ctypes.create_string_buffer(256)
    network = ctypes.c_void_p(library.design_open(data, ctypes.c_size_t(len(data)), why))
    shape = (ctypes.c_int * 3)()
    library.design_shape(network, shape)
    assert tuple(shape) == packed.input_shape
    x = files.pictures(packed.input_shape, 1)
    found = np.empty(library.design_classes(network), np.float32)
    places = [ctypes.c_void_p(array.ctypes.data) for array in (x, found)]
    library.design_scores.restype = ctypes.c_bool
    assert library.design_scores(network, *places)
    assert np.array_equal(found, packed(x)[0])
    x[0, 0, 0, 0] = np.nan
    assert not library.design_scores(network, *places)
    library.design_close(network)
    cut = ctypes.c_size_t(len(data) - 1)
    assert library.design_open(data, cut, why) is None
    assert b"is not where it says" in why.value


def test_damaged_files_are_read_alike_or_refused(checked: Path, tmp_path: Path) -> None:
    seeds = TARGETS[TARGET].seeds()
    damaged = [damaged_input(TARGET, number, seeds, seed=3) for number in range(INPUTS)]
    path, read = tmp_path / "damaged.packed", 0
    for number, data in enumerate([*seeds, *damaged]):
        path.write_bytes(data)
        try:
            packed = load_packed(path)
        except ValueError:
            done = run(checked, path, np.zeros(0, np.float32))
            assert (done.returncode, done.stdout) == (1, ""), (number, done)
            assert done.stderr.startswith(f"{path}: ")
            assert done.stderr.count("\n") == 1  # words, not a sanitizer's report
            continue
        x = files.pictures(packed.input_shape, 2)
        done = run(checked, path, x)
        if done.returncode == 0:
            read += 1
            found = np.array([line.split() for line in done.stdout.splitlines()], np.float32)
            assert np.array_equal(found, packed(x)), number
        else:  # sound for the library, and beyond what is proven here
            assert re.search("more|memory|whole|nested|says|overflow", done.stderr), (number, done)
            assert done.stderr.count("\n") == 1
    assert len(seeds) < read < len(damaged) / 2


HOSTILE = [
    *(files.mistype, files.flatten, files.misplace, files.shorten, files.widen, files.misname),
    *(files.unfit, files.flip_beyond, files.word_in_a_shape, files.retype, files.stand_still),
]


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("change", HOSTILE)
def test_crafted_files_are_refused(
    checked: Path, change: Any, sealed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "network.packed"
    save_packed(files.packed_network(*files.NETWORKS[0]), path)
    files.damaged(path, change, sealed=sealed)
    done = run(checked, path, files.pictures((1, 8, 8)))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    if not sealed and change is not files.retype:  # whose type no reader here knows
        assert "do not match their SHA-256" in done.stderr or "no JSON of" in done.stderr


def one_layer(folder: Path, **changes: Any) -> Path:
    network, arrays = files.one_residual(changes.pop("size", 3))
    return files.crafted(folder, network | changes, arrays)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_shape": [1, 1, 60_000_000]}, "more memory than 268435456 bytes"),
        ({"input_shape": [1, 2**40, 2**40]}, "more memory than 268435456 bytes"),
        ({"input_shape": [1, 0, 5]}, "describes no pictures"),
        ({"input_shape": [1, -5, 5]}, "describes no pictures"),
        ({"input_shape": [2**62, 5, 5]}, "whole numbers"),
        ({"input_shape": [1, 5.0, 5]}, "whole numbers"),
        ({"input_shape": [3, 5, 5]}, "takes real of 1 channels; got real of 3"),
        ({"size": 2}, "keeps its size"),
        ({"layers": []}, "not class scores"),
        ({"layers": [{"kind": "GlobalMean"}] * 1001}, "up to 1000 layers"),
    ],
    ids=str,
)
def test_sizes_beyond_reason_are_refused(
    checked: Path, changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    done = run(checked, one_layer(tmp_path, **changes), np.zeros(0, np.float32))
    assert done.returncode == 1
    assert words in done.stderr


HEADERS = [
    *(b"", b"{}", b"[]", b"[1]", b"null", b'{"a":1}', b'{"a":1,"a":1}', b'{"a', b'{"\\u', b'"\\'),
    b'{"a":{"dtype":"U8","shape":[1000000000],"data_offsets":[0,1]}}',
    b'{"__metadata__":{"packed":"' + b"[" * 50_000 + b'"}}',
    b'{"__metadata__":{"packed":"{\\"format\\":\\"\\ud800\\"}"}}',
    b"{" * 50_000,
    b'{"\xff":1}',
    b'{"\xf4\x90\x80\x80":1}',
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: repr(header[:30]))
def test_headers_of_nothing_are_refused(checked: Path, header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "header.packed"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    done = run(checked, path, np.zeros(0, np.float32))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done


def test_class_names_of_any_script_are_hashed_alike(checked: Path, tmp_path: Path) -> None:
    network, arrays = files.one_residual()
    network["pictures"] = json.dumps(
        {"class_names": ['Ä\t"\\', "鳥\x7f", "🐸/"]}, ensure_ascii=False
    )
    path = files.crafted(tmp_path, network, arrays)
    assert scores(checked, path, np.ones((1, 1, 5, 5), np.float32)).shape == (1, 1)


def test_pictures_that_do_not_fit_are_told(program: Path, tmp_path: Path) -> None:
    path = one_layer(tmp_path)
    short = run(program, path, np.zeros(26, np.float32))
    assert short.returncode == 1
    assert "Picture 1 is cut short: one is 100 bytes, float32 (1, 5, 5); got 4." in short.stderr
    raw = run(program, path, np.full(25, np.inf, np.float32))
    assert (raw.returncode, raw.stdout) == (1, "")
    assert "Picture 0 has pixels beyond 1,000,000" in raw.stderr
