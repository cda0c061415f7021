"""The finding on a source: what each form of the objective selects, and what it is worth.

``python -m design_core search --report`` prints it as Markdown, with ``--json`` as data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from design_core.progress import Progress, no_progress, part_of
from design_core.search.block_tables import FORMS, BlockTables
from design_core.search.find import SearchResult, find_kernels

__all__ = ["Finding", "finding_report"]

_OBJECTIVES = ("tv", "tv-isotropic", "information")


@dataclass(frozen=True)
class Finding:
    """Searches on one source, over forms, objectives and sizes.

    Attributes
    ----------
    source
        For people.
    results
        One search each, in the order of forms, sizes and objectives.
    stopped
        Whether it was ended early; searches that were not finished are left out.
    """

    source: str
    results: tuple[SearchResult, ...]
    stopped: bool = False

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        results = [result.to_dict() for result in self.results]
        return {"source": self.source, "results": results, "stopped": self.stopped}

    def markdown(self) -> str:
        """Two tables: what wins, and where the published kernels stand."""
        winners = [
            "| form | size | objective | best kernel | score | shuffled | share it | bits/pixel |",
            "|---|---|---|---|---|---|---|---|",
            *(_winner(result) for result in self.results),
        ]
        ranks = [
            "| form | size | objective | published kernel | score | rank | of |",
            "|---|---|---|---|---|---|---|",
            *(line for result in self.results for line in _published(result)),
        ]
        title = f"### What total variation selects on {self.source}"
        return "\n".join([title, "", *winners, "", *ranks])


def finding_report(
    open_form: Callable[[str], BlockTables],
    *,
    sizes: Sequence[tuple[int, int]] = ((2, 2), (3, 3), (4, 4), (5, 5)),
    progress: Progress = no_progress,
) -> Finding:
    """Search every form and objective on one source.

    Parameters
    ----------
    open_form
        Makes the tables of a form, one of `FORMS`.
    sizes
        The sizes to search; 5×5 takes some seconds each.
    progress
        `StoppedError` ends it with the searches that are finished.
    """
    jobs = [
        (form, size, objective)
        for form in FORMS
        for size in sizes
        for objective in _OBJECTIVES
        if not (form == "reconstruction" and objective == "information")  # that of the same bits
    ]
    results: list[SearchResult] = []
    tables = {form: open_form(form) for form in FORMS}
    for done, (form, size, objective) in enumerate(jobs):
        part = part_of(progress, done / len(jobs), (done + 1) / len(jobs))
        found = find_kernels(tables[form], size, objective=objective, top=1, progress=part)
        if found.stopped:
            return Finding(tables[form].source, tuple(results), stopped=True)
        results.append(found)
    return Finding(results[0].source, tuple(results))


def _winner(result: SearchResult) -> str:
    best = result.best[0]
    share = f"{result.ties:,} of {result.kernels:,}" if result.ties and result.kernels else "–"
    return (
        f"| {result.form} | {result.size[0]}×{result.size[1]} | {result.objective} "
        f"| [{str(best.kernel).replace(';', '; ')}] | {best.score:.6f} | {best.shuffled:.6f} "
        f"| {share} | {best.information:.3f} |"
    )


def _published(result: SearchResult) -> list[str]:
    return [
        f"| {result.form} | {result.size[0]}×{result.size[1]} | {result.objective} "
        f"| {scored.kernel.name} | {scored.score:.6f} | {scored.rank:,} | {result.kernels:,} |"
        for scored in result.published
        if scored.rank is not None
    ]
