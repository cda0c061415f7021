"""Commands on consoles that are not UTF-8: they print, end well, and leave their files."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from design_core.__main__ import main

ROOT = Path(__file__).parents[2]
COMMANDS = (
    ["batch", "sample:coins", "--size", "32"],
    ["summary", "tiny"],
    ["diagnose", "digits-tiny-w16-sign-affine_on"],
    ["zoo", "table"],
    ["zoo", "report"],
    ["zoo", "plan"],
    ["kernels"],
    ["models"],
    ["predict", "sample:digit-3"],
    ["score", "2x2-v2"],
    ["maps", "sample:coins", "--size", "32"],
    ["search", "--size", "2"],
)


def run_on(encoding: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Exit status and output on a console of some encoding."""
    shown = io.BytesIO()
    for name in ("stdout", "stderr"):
        stream = io.TextIOWrapper(shown, encoding=encoding, write_through=True)
        monkeypatch.setattr(sys, name, stream)
    status = main(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    text = shown.getvalue().decode(encoding)
    monkeypatch.undo()
    return status, text


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_every_command_prints_where_it_prints_in_utf_8(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, whole = run_on("utf-8", arguments, monkeypatch)
    for encoding in ("cp1252", "ascii"):
        same, text = run_on(encoding, arguments, monkeypatch)
        assert same == status
        assert len(text.splitlines()) == len(whole.splitlines())
        assert text.count("?") == whole.count("?")  # each missing character has its stand-in


def test_a_batch_leaves_its_file_on_any_console(tmp_path: Path) -> None:
    out = tmp_path / "maps.zip"
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "design_core",
            "batch",
            "sample:coins",
            "--size",
            "32",
            "--out",
            out,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        timeout=300,
    )
    assert b"edges per pixel " in done.stdout
    assert b" -> " in done.stdout
    assert "scores.csv" in zipfile.ZipFile(out).namelist()


def test_a_file_name_that_is_no_text_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding in ("utf-8", "cp1252"):
        status, text = run_on(encoding, ["maps", "nowhere/\udcff.png"], monkeypatch)
        assert status == 1
        assert "nowhere/\\xff.png" in text
