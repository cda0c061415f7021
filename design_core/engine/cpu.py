"""What the engine runs on: the processor, and the instructions that numba compiles for."""

from __future__ import annotations

import importlib
import os
import platform
import re
from pathlib import Path
from typing import Any

__all__ = ["Waiting", "cpu_facts", "generation_of"]

#: Instruction sets that matter here, by their names in /proc/cpuinfo.
_FLAGS = (
    *("popcnt", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_bitalg"),
    *("avx512_vpopcntdq", "avx512_bf16", "amx_bf16", "asimd", "sve"),
)


def cpu_facts() -> dict[str, Any]:
    """Name, cores, instruction sets, and the target that numba compiles for.

    Returns
    -------
    JSON-able: ``name``, ``cores`` (that this process may use), ``flags``, ``target`` (None without
    numba). Name and flags are as the system tells them (Linux), else the architecture and nothing;
    AMD's name is followed by the generation, which it does not tell: ``AMD EPYC, Zen 4``.
    """
    facts = _cpuinfo()
    listed = facts.get("flags", facts.get("Features", "")).split()
    name = facts.get("model name", platform.machine())
    generation = generation_of(_host())
    return {
        "name": f"{name}, {generation}" if generation else name,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        "flags": [flag for flag in _FLAGS if flag in listed],
        "target": _target(),
    }


class Waiting:
    """How long this thread waits for a processor from now on; a measurement's conscience."""

    def __init__(self) -> None:
        self._start = _run_and_wait()

    def share(self) -> float | None:
        """Of the time since then in which it could have run, what it waited, 0 to 1.

        None where the system does not tell.
        """
        now = _run_and_wait()
        if self._start is None or now is None:
            return None
        ran, waited = (after - before for before, after in zip(self._start, now, strict=True))
        return waited / (ran + waited) if ran + waited else 0.0


def _run_and_wait() -> tuple[int, int] | None:
    """Nanoseconds that this thread has run, and waited to run; None beyond Linux."""
    try:
        ran, waited, _ = Path("/proc/thread-self/schedstat").read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return None
    return int(ran), int(waited)


def _cpuinfo() -> dict[str, str]:
    """The entries of the first processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    entries = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in entries}


def generation_of(target: str | None) -> str | None:
    """``Zen 4`` of LLVM's ``znver4``; None of other makers' processors, whose names tell."""
    found = re.match(r"znver(\d+)", target or "")
    return f"Zen {found[1]}" if found else None


def _host() -> str | None:
    """LLVM's name for this processor; None without numba."""
    try:
        llvm: Any = importlib.import_module("llvmlite.binding")
    except ImportError:
        return None
    name: str = llvm.get_host_cpu_name()
    return name


def _target() -> str | None:
    """The processor that numba compiles for: NUMBA_CPU_NAME, or the one it runs on."""
    host = _host()
    if host is None:
        return None
    named = os.environ.get("NUMBA_CPU_NAME", host)
    return f"{named} {os.environ.get('NUMBA_CPU_FEATURES', '')}".rstrip()
