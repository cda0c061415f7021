"""Builds `engine.wasm` from `engine.c` with Debian's clang and lld.

    apt-get install clang lld
    python -m design_core.engine.wasm.build           # after a change of engine.c
    python -m design_core.engine.wasm.build --check   # is the file kept here that source's?

The module bears the SHA-256 of its source in a section of its own, so that a stale file is told
even where there is no compiler. Equal compilers give equal files, to the byte.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from design_core.atomic import write_atomically
from design_core.engine.wasm import BUILT, SOURCE

__all__ = ["COMPILER", "built", "compiler_version", "recorded_sha256", "source_sha256"]

#: The compiler whose file is kept here.
COMPILER = "14.0.6"

_FLAGS = (
    *("--target=wasm32", "-O3", "-msimd128", "-mbulk-memory"),
    *("-ffreestanding", "-nostdlib", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--export=__heap_base", "-Wl,-z,stack-size=16384"),
)
_SECTION = b"source"
_MAGIC = b"\0asm\1\0\0\0"


def compiler_version() -> str | None:
    """Version of the clang at hand; None where clang or the linker is missing."""
    if not (shutil.which("clang") and shutil.which("wasm-ld")):
        return None
    told = subprocess.run(
        ["clang", "-dumpversion"], capture_output=True, text=True, check=True
    ).stdout
    return told.strip()


def source_sha256() -> str:
    """SHA-256 of `engine.c`."""
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()


def built() -> bytes:
    """The module, built anew; RuntimeError with the compiler's words where that fails."""
    if compiler_version() is None:
        raise RuntimeError("clang and wasm-ld are missing: apt-get install clang lld.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.wasm"
        command = ["clang", *_FLAGS, "-o", str(path), SOURCE.name]
        done = subprocess.run(command, cwd=SOURCE.parent, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{SOURCE.name} does not compile:\n{done.stderr}")
        return path.read_bytes() + _custom_section(_SECTION, source_sha256().encode())


def recorded_sha256(module: bytes) -> str | None:
    """The SHA-256 of its source that a module bears; None if it bears none."""
    if not module.startswith(_MAGIC):
        return None
    place = len(_MAGIC)
    while place < len(module):
        kind = module[place]
        size, start = _read_size(module, place + 1)
        place = start + size
        name, payload = _read_size(module, start)
        if kind == 0 and module[payload : payload + name] == _SECTION:
            return module[payload + name : place].decode()
    return None


def _custom_section(name: bytes, content: bytes) -> bytes:
    body = _size(len(name)) + name + content
    return b"\0" + _size(len(body)) + body


def _size(number: int) -> bytes:
    """LEB128, as WebAssembly writes sizes."""
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _size(rest) if rest else bytes([low])


def _read_size(module: bytes, place: int) -> tuple[int, int]:
    """A size in LEB128 and where it ends."""
    number = shift = 0
    while module[place] & 128:
        number |= (module[place] & 127) << shift
        place, shift = place + 1, shift + 7
    return number | module[place] << shift, place + 1


def _check() -> str:
    """What is wrong with the file kept here; "" if nothing is."""
    kept = BUILT.read_bytes()
    if recorded_sha256(kept) != source_sha256():
        return f"{BUILT.name} is not that of {SOURCE.name}: build it again."
    if (version := compiler_version()) != COMPILER:
        return f"{BUILT.name} was built by clang {COMPILER}, here is {version}: cannot compare."
    if kept != built():
        return f"{BUILT.name} differs from what clang {COMPILER} makes of {SOURCE.name}."
    return ""


def main() -> int:
    """Build, or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if parser.parse_args().check:
        wrong = _check()
        print(wrong or f"{BUILT.name} is that of {SOURCE.name}, by clang {COMPILER}.")
        return 1 if wrong else 0
    write_atomically(BUILT, built())
    print(f"{BUILT.name}: {BUILT.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
