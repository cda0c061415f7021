"""Work through the plan: several one-thread trainings at a time, resumed wherever they stopped.

A run is finished when the zoo has its seed or its folder has a ``result.json``. Unfinished runs
can be **parked** in the zoo, so that another machine goes on with them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from design_core.atomic import write_atomically
from design_core.networks import NetworkSpec
from design_core.paths import ROOT
from design_core.study.plan import Job
from design_core.training.recipe import load_recipe
from design_core.zoo.card import CHECKPOINTS, Card, card_name

__all__ = ["Queue", "open_jobs", "park_runs", "parked_runs", "training_environment"]

Tell = Callable[[str], None]

_PARKED = ".unfinished"
# In this order: metrics may be ahead of the state, from which a run goes on, but not behind it.
# A folder without the last is no run, whatever else is there.
_STATE_FILES = ("state.safetensors", "metrics.jsonl", "run.json")


def training_environment() -> dict[str, str]:
    """The environment of one training among several.

    Two one-thread processes use two cores better than one of two threads; and glibc then keeps
    large blocks instead of asking the kernel for fresh pages each time.
    """
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": "4000000000",
        "MALLOC_TRIM_THRESHOLD_": "4000000000",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }


def job_card(job: Job) -> str:
    """The name of the card that a job's result belongs to."""
    recipe = load_recipe(job.recipe).with_changes(job.changes)
    network = NetworkSpec.from_dict(recipe.network).to_dict()
    return card_name({"data": {"name": job.data}, "recipe": recipe.to_dict(), "network": network})


def open_jobs(jobs: Sequence[Job], root: Path = CHECKPOINTS) -> list[Job]:
    """Those jobs whose seed the zoo does not have yet."""
    done: dict[str, list[int]] = {}
    for name in {job_card(job) for job in jobs}:
        folder = root / name
        done[name] = Card.load(folder).seeds if (folder / "card.json").is_file() else []
    return [job for job in jobs if job.seed not in done[job_card(job)]]


def parked_runs(root: Path = CHECKPOINTS) -> list[str]:
    """Names of the unfinished runs that the zoo keeps."""
    return sorted(path.parent.name for path in root.glob(f"{_PARKED}/*/{_STATE_FILES[-1]}"))


def park_runs(runs: Path, jobs: Sequence[Job], root: Path = CHECKPOINTS) -> list[str]:
    """Copy the state of every unfinished run of `jobs` into the zoo; return their names.

    Trainings may be under way meanwhile. What was parked before is replaced: runs that are
    finished by now go, runs that were not touched since stay.
    """
    for job in jobs:
        run, place = runs / job.name, root / _PARKED / job.name
        if (run / "state.safetensors").is_file():
            (place / _STATE_FILES[-1]).unlink(missing_ok=True)  # a half-removed one is no run
            shutil.rmtree(place, ignore_errors=True)
            if not (run / "result.json").is_file():
                _copy_state(run, place)
    return parked_runs(root)


def _copy_state(source: Path, target: Path) -> None:
    """Copy the state of a run to where there is none; killed at any moment, all of it or none."""
    target.mkdir(parents=True, exist_ok=True)
    for name in _STATE_FILES:
        write_atomically(target / name, (source / name).read_bytes())


class Queue:
    """Workers that train jobs, and collect each when it is finished.

    Parameters
    ----------
    runs
        Folder of the runs' folders.
    root
        The zoo.
    data_root
        Where data sets lie, as for ``train``.
    tell
        Receives one line for whatever begins or ends.
    """

    def __init__(self, runs: Path, data_root: Path, *, root: Path, tell: Tell) -> None:
        self.runs, self.data_root, self.root, self.tell = runs, data_root, root, tell
        self.failed: list[str] = []
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()  # of the lists, and of the zoo's cards
        self._stopped = False
        self._folder_lock = -1

    def work(self, jobs: Sequence[Job], *, workers: int) -> list[str]:
        """Do all jobs and return the names of those that failed.

        Interrupted, it stops its trainings; the next call goes on where they were.

        Raises
        ------
        ValueError
            Another process is at work in the folder.
        """
        self.runs.mkdir(parents=True, exist_ok=True)
        with _alone(self.runs) as self._folder_lock:
            waiting = iter(jobs)
            threads = [
                threading.Thread(target=self._worker, args=(waiting,)) for _ in range(workers)
            ]
            for thread in threads:
                thread.start()
            try:
                for thread in threads:
                    thread.join()
            finally:
                self._stop()
                for thread in threads:
                    thread.join()
        return self.failed

    def _worker(self, waiting: Iterator[Job]) -> None:
        while True:
            with self._lock:
                job = next(waiting, None)
            if job is None or self._stopped:
                return
            self._do(job)

    def _do(self, job: Job) -> None:
        run = self.runs / job.name
        parked = self.root / _PARKED / job.name
        if job.name in parked_runs(self.root) and not (run / "run.json").is_file():
            _copy_state(parked, run)
            self._told(f"{job.name}: taken from where it was parked")
        if not (run / "result.json").is_file():
            self._told(f"{job.name}: begins")
            if not self._run(job, run, self._train_command(job, run)):
                return
        with self._lock:  # two runs may belong to one card
            collected = self._run(job, run, self._collect_command(run))
        if collected:
            shutil.rmtree(parked, ignore_errors=True)
            self._told(f"{job.name}: in the zoo")

    def _train_command(self, job: Job, run: Path) -> list[str]:
        changes = [word for change in job.changes for word in ("--set", change)]
        data = ["--data", job.data, "--data-root", str(self.data_root)]
        seed = ["--seed", str(job.seed)]
        return ["train", job.recipe, *data, "--out", str(run), *seed, "--resume", *changes]

    def _collect_command(self, run: Path) -> list[str]:
        places = ["--zoo", str(self.root), "--data-root", str(self.data_root)]
        return ["zoo", "collect", str(run), *places]

    def _run(self, job: Job, run: Path, arguments: list[str]) -> bool:
        """Run a command of this program, its output into the run's log; whether it succeeded."""
        run.mkdir(exist_ok=True)
        with (run / "log.txt").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "design_core", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=training_environment(),
                start_new_session=True,  # Ctrl-C is for us; we then stop our trainings
                pass_fds=[self._folder_lock],  # held as long as any training lives
            )
            self._children.add(child)
            status = child.wait()
            self._children.discard(child)
        if status and not self._stopped:
            self.failed.append(job.name)
            self._told(f"{job.name}: {arguments[0]} failed, see {run / 'log.txt'}")
        return status == 0

    def _stop(self) -> None:
        self._stopped = True
        for child in list(self._children):
            child.terminate()

    def _told(self, text: str) -> None:
        self.tell(f"{time.strftime('%H:%M:%S')} {text}")


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Hold the folder's lock, which the system drops when the last process with it ends."""
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(f"Another process is training in {folder}.") from error
        yield file.fileno()
