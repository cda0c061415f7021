"""What the engine runs on: the processor, and the instructions that numba compiles for."""

from __future__ import annotations

import importlib
import os
import platform
from pathlib import Path
from typing import Any

__all__ = ["cpu_facts"]

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
    numba). Name and flags are as the system tells them (Linux), else the architecture and nothing.
    """
    facts = _cpuinfo()
    listed = facts.get("flags", facts.get("Features", "")).split()
    return {
        "name": facts.get("model name", platform.machine()),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        "flags": [flag for flag in _FLAGS if flag in listed],
        "target": _target(),
    }


def _cpuinfo() -> dict[str, str]:
    """The entries of the first processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    entries = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in entries}


def _target() -> str | None:
    """The processor that numba compiles for: NUMBA_CPU_NAME, or the one it runs on."""
    try:
        llvm: Any = importlib.import_module("llvmlite.binding")
    except ImportError:
        return None
    named = os.environ.get("NUMBA_CPU_NAME", llvm.get_host_cpu_name())
    return f"{named} {os.environ.get('NUMBA_CPU_FEATURES', '')}".rstrip()
