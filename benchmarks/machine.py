"""What a measurement ran on: said with every figure."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

__all__ = ["machine_facts"]


def machine_facts(*packages: str) -> dict[str, str | int]:
    """Processor, cores, Python, the versions of the named packages, and the date."""
    facts: dict[str, str | int] = {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        "python": platform.python_version(),
    }
    return facts | {package: version(package) for package in packages}


def _cpu_name() -> str:
    """The processor's own name where the system tells it (Linux), else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
