"""The WebAssembly kept here is that of its source."""

from __future__ import annotations

import hashlib

import pytest

from design_core.engine.wasm import BUILT, SOURCE, wasm_bytes
from design_core.engine.wasm.build import (
    COMPILER,
    _custom_section,
    built,
    compiler_version,
    recorded_sha256,
)


def test_the_file_bears_the_hash_of_its_source() -> None:
    expected = hashlib.sha256(SOURCE.read_bytes()).hexdigest()
    assert recorded_sha256(wasm_bytes()) == expected


def test_the_compiler_makes_this_very_file() -> None:
    """Where Debian's clang is; .ci/run installs it, and asks `build --check` besides."""
    if compiler_version() != COMPILER:
        pytest.skip(f"clang {COMPILER} and lld are not installed.")
    assert built() == BUILT.read_bytes()


def test_sections_are_found_at_any_size() -> None:
    head = b"\0asm\1\0\0\0"
    long = _custom_section(b"other", bytes(300))
    assert recorded_sha256(head + long + _custom_section(b"source", b"abc")) == "abc"
    assert recorded_sha256(head + long) is None
    assert recorded_sha256(b"text") is None
