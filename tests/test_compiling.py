"""A cache of compiled code that is damaged, or cannot be written, costs time and nothing else."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import pytest

from design_core import compiling
from design_core.paths import ROOT

SOURCE = """
from design_core.compiling import compiled

@compiled
def halved(x):
    return 0.5 * x

@compiled
def quartered(x):
    return halved(halved(x))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source of two compiled functions, one of which calls the other."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "halving.py"
    path.write_text(SOURCE)
    return path


def fresh(path: Path) -> ModuleType:
    """The module as a new process has it: nothing compiled, the cache on disk as it is."""
    sys.modules.pop(path.stem, None)
    return importlib.import_module(path.stem)


def hits(function: Any) -> int:
    return sum(function.stats.cache_hits.values())


def cache_files(path: Path) -> list[Path]:
    return sorted((path.parent / "__pycache__").glob("halving*.nb[ic]"))


def test_a_second_process_finds_what_the_first_compiled(module: Path) -> None:
    assert fresh(module).quartered(8.0) == 2.0
    again = fresh(module)
    assert again.quartered(8.0) == 2.0
    assert hits(again.quartered) == 1


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", ["emptied", "cut", "one bit"])
def test_a_damaged_file_is_made_anew(module: Path, ending: str, damage: str) -> None:
    fresh(module).quartered(8.0)
    for path in cache_files(module):
        if path.suffix == f".{ending}":
            content = bytearray(path.read_bytes())
            if damage == "one bit":
                content[len(content) // 2] ^= 1
            kept = {"emptied": 0, "cut": len(content) // 2}.get(damage, len(content))
            path.write_bytes(content[:kept])
    assert fresh(module).quartered(8.0) == 2.0
    healed = fresh(module)
    assert healed.quartered(8.0) == 2.0
    assert hits(healed.quartered) == 1


def test_a_cache_that_cannot_be_written_is_done_without(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    made = fresh(module)
    monkeypatch.setattr(type(made.quartered._cache._cache_file), "_save_data", full)
    assert made.quartered(8.0) == 2.0
    assert not any(path.suffix == ".nbc" for path in cache_files(module))


FIRST_CALLS = """
import threading
from halving import halved, quartered

begin, failed = threading.Barrier(4), []

def call(function, value):
    begin.wait()
    try:
        function(value)
    except Exception as error:
        failed.append(error)

calls = [(halved, 1.0), (quartered, 1.0), (halved, 2), (quartered, 3)]
threads = [threading.Thread(target=call, args=one) for one in calls]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failed, failed
"""


def test_the_first_calls_may_come_from_many_threads_at_once(module: Path) -> None:
    """numba by itself then finds parts of itself half loaded."""
    paths = os.pathsep.join([str(module.parent), str(ROOT)])
    command = [sys.executable, "-c", FIRST_CALLS]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_wait_for_the_compiler_is_told_and_none_is_not(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with compiling.told("nothing"):
        pass
    assert not caplog.records
    said = Event()
    monkeypatch.setattr(compiling, "_PATIENCE", 0)
    words_said: list[tuple[str, ...]] = []

    def warning(*words: str) -> None:
        words_said.append(words)
        said.set()

    monkeypatch.setattr(compiling._LOG, "warning", warning)
    with compiling.told("the engine"):
        assert said.wait(10)
    assert words_said[0][0] % words_said[0][1] == (
        "Compiling the engine for this processor: some seconds, the first time only."
    )
