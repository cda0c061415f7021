"""What a measurement ran on: said with every figure."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version

from design_core.engine.cpu import cpu_facts

__all__ = ["machine_facts"]


def machine_facts(*packages: str) -> dict[str, str | int]:
    """Processor, cores, Python, the versions of the named packages, and the date."""
    cpu = cpu_facts()
    facts: dict[str, str | int] = {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": cpu["name"],
        "cores": cpu["cores"],
        "python": platform.python_version(),
    }
    return facts | {package: version(package) for package in packages}
