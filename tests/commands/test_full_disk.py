"""A full disk and caches that cannot be used: one sentence or one warning, never a traceback."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NETWORK = "digits-tiny-w16-sign-affine_on"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")


def run(
    *arguments: str, room: int | None = None, stdout: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A command, where no file may grow beyond so many bytes, as on a disk that is full."""

    def restrict() -> None:
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    with Path(stdout or os.devnull).open("wb") as output:
        return subprocess.run(
            [sys.executable, "-m", "design_core", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=restrict,
            timeout=600,
            check=False,
        )


def only_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that failed; what the compiler says while it works is no error."""
    assert done.returncode == 1
    (line,) = (one for one in done.stderr.splitlines() if not one.startswith("Compiling the"))
    return line


WRITERS = {
    "batch": ["batch", "sample:coins", "sample:camera", "--size", "64", "--out"],
    "maps": ["maps", "sample:coins", "--size", "64", "--out"],
    "packed": ["export", NETWORK, "--to", "packed", "--out"],
    "html": ["export", NETWORK, "--to", "html", "--out"],
    "train": ["train", "digits", "--data", "digits", "--set", "epochs=1", "--out"],
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_told_in_a_sentence_that_names_the_file(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = only_sentence(run(*WRITERS[name], str(out), room=300))
    assert line.startswith(f"design {WRITERS[name][0]}: {out}")
    assert line.endswith(": File too large")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.stat().st_size < 300 for path in left)  # no file is there in part
    assert not [path for path in left if path.name.endswith(".part")]


@pytest.mark.parametrize("name", ["batch", "packed"])
def test_a_device_without_room_is_told_too(name: str) -> None:
    line = only_sentence(run(*WRITERS[name], "/dev/full"))
    assert line == f"design {WRITERS[name][0]}: /dev/full: No space left on device"
    assert Path("/dev/full").is_char_device()


BUFFERING = pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])


@BUFFERING
def test_an_output_without_room_is_told(unbuffered: str) -> None:
    line = only_sentence(run("kernels", stdout="/dev/full", PYTHONUNBUFFERED=unbuffered))
    assert line == "design kernels: the output: No space left on device"


@BUFFERING
@pytest.mark.parametrize("argument", ["kernels", "--help"])
def test_a_reader_that_has_seen_enough_is_no_fault(argument: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "design_core", argument],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=600,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(params=["a file is in the way", "no room"])
def bad_cache(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int | None]:
    """A folder for a cache that cannot be used, and the room for files."""
    if request.param == "no room":
        return tmp_path / "cache", 40_000
    (tmp_path / "file").write_text("in the way")
    return tmp_path / "file" / "cache", None


def test_predict_needs_no_cache_of_compiled_code(bad_cache: tuple[Path, int | None]) -> None:
    cache, room = bad_cache
    done = run(
        "predict", "sample:digit-3", "--model", NETWORK, room=room, NUMBA_CACHE_DIR=str(cache)
    )
    assert done.returncode == 0
    assert len([one for one in done.stderr.splitlines() if not one.startswith("Compil")]) == 0


@pytest.fixture
def class_folders(tmp_path: Path) -> Path:
    """64 pictures whose decoded form takes more than the little room that there is."""
    from PIL import Image

    folder = tmp_path / "classes"
    for split in ("train", "test"):
        for label in ("dark", "light"):
            (folder / split / label).mkdir(parents=True)
            for number in range(16):
                grey = number + 200 * (label == "light")
                path = folder / split / label / f"{number}.png"
                Image.new("L", (32, 32), grey).save(path)
    return folder


def test_training_needs_no_cache_of_pictures(
    bad_cache: tuple[Path, int | None], class_folders: Path, tmp_path: Path
) -> None:
    cache, room = bad_cache
    done = run(
        *("train", "digits", "--data", f"folder:{class_folders}", "--set", "epochs=1"),
        *("--set", "batch_size=8", "--set", "width=4", "--out", str(tmp_path / "run")),
        room=room,
        XDG_CACHE_HOME=str(cache),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be kept in") == done.stderr.count("Warning") == 1
    assert (tmp_path / "run" / "result.json").is_file()


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_training_needs_no_cache_of_compiled_steps(
    bad_cache: tuple[Path, int | None], tmp_path: Path
) -> None:
    cache, room = bad_cache
    done = run(
        *("train", "digits", "--data", "digits", "--set", "epochs=1", "--set", "compile=true"),
        *("--set", "width=4", "--out", str(tmp_path / "run")),
        room=room,
        TORCHINDUCTOR_CACHE_DIR=str(cache),
        TMPDIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("UserWarning") == 1
    assert (tmp_path / "run" / "result.json").is_file()
    assert [path.name for path in tmp_path.glob("compiled-*")] == []
