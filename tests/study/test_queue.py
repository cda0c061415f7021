"""From runs to the zoo: collecting, resuming, parking, and the plan; on tiny runs of digits."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy import stats

from design_core.kernels.patterns import bayer
from design_core.networks import NetworkSpec
from design_core.networks.activation import activation_kernels
from design_core.paths import ROOT
from design_core.study.plan import (
    ABLATION,
    LISTS,
    UNIFORM_SWEEP,
    Job,
    gpu_plan,
    inside_pattern,
    plan,
)
from design_core.study.queue import Queue, _alone, job_card, open_jobs, park_runs, parked_runs
from design_core.training.data import load_data
from design_core.training.recipe import load_recipe
from design_core.training.run import train_run
from design_core.zoo.card import Card, find_card
from design_core.zoo.collect import collect_run

FEW = ("phases2", "sign", "uniform-0.2", "uniform+0.2")
IMAGENETTE = (*FEW, "bayer2", "real")
BINARIZERS, BASES = ("bnn", "xnor", "dorefa", "recu"), ("k1m1", "k2m1", "k1m2", "k2m2", "k3m3")
TWO, THREE = ("sign", "design2d"), ("sign", "design2d", "uniform")
STRONG = ("2x2-v2", "bayer-4")
INSIDE = ("0", "0.25", "0.5", "1")
CHANGES = ("epochs=3", "warmup_epochs=1", "width=4", "activation=sign", "affine=false")
JOBS = [Job(f"short-s{seed}", "digits", "digits", CHANGES, seed) for seed in range(2)]
NAME = "digits-tiny-w4-sign-affine_off-epochs_3-warmup_epochs_1"


class KilledError(Exception):
    """Stands for the end of a session."""


def trained(out: Path, job: Job, *, epochs: int = 3) -> Path:
    """Train a job in this process; with fewer epochs than it has, it is left unfinished."""
    done = 0

    def report(_: str, finished: bool) -> None:
        nonlocal done
        done += finished
        if epochs < 3 and done == epochs:
            raise KilledError

    recipe = load_recipe(job.recipe).with_changes(job.changes)
    try:
        train_run(recipe, load_data("digits"), out, seed=job.seed, resume=True, report=report)
    except KilledError:
        assert not (out / "result.json").is_file()
    return out


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished runs of both jobs."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runs")
    for job in JOBS:
        trained(folder / job.name, job)
    return folder


def test_collecting_both_seeds_makes_one_card(runs: Path, tmp_path: Path) -> None:
    data = load_data("digits")
    collect_run(runs / "short-s1", data, root=tmp_path)
    card = collect_run(runs / "short-s0", None, root=tmp_path)
    assert Card.load(tmp_path / NAME) == card
    assert (card.name, card.seeds) == (NAME, [0, 1])
    results = [json.loads((runs / f"short-s{k}" / "result.json").read_text()) for k in (0, 1)]
    assert [r.accuracy for r in card.results] == [result["accuracy"] for result in results]
    one, other = (torch.tensor(result["confusion"]) for result in results)
    assert card.confusion == (one + other).tolist()
    again = collect_run(runs / "short-s0", data, root=tmp_path)
    assert again == card


def test_an_unfinished_run_is_not_collected(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", JOBS[0], epochs=1)
    with pytest.raises(ValueError, match="no finished training run"):
        collect_run(run, None, root=tmp_path / "zoo")


def relabelled(run: Path, out: Path, **changes: object) -> Path:
    """A run as if it had been trained by another recipe."""
    shutil.copytree(run, out)
    result = json.loads((out / "result.json").read_text())
    result["recipe"] |= changes
    (out / "result.json").write_text(json.dumps(result))
    return out


def test_a_run_of_another_recipe_does_not_mix_in(runs: Path, tmp_path: Path) -> None:
    zoo = tmp_path / "zoo"
    first = collect_run(runs / "short-s0", None, root=zoo)
    faster = relabelled(runs / "short-s1", tmp_path / "faster", learning_rate=1.0)
    assert collect_run(faster, None, root=zoo).name == (
        "digits-tiny-w4-sign-affine_off-epochs_3-learning_rate_1.0-warmup_epochs_1"
    )
    assert Card.load(first.folder) == first
    # A recipe that is not the library's is known by its name alone.
    mine = relabelled(runs / "short-s0", tmp_path / "mine", name="mine")
    other = relabelled(runs / "short-s1", tmp_path / "other", name="mine", learning_rate=1.0)
    assert collect_run(mine, None, root=zoo).name == "digits-tiny-w4-sign-affine_off-mine"
    with pytest.raises(ValueError, match="has another recipe than this run"):
        collect_run(other, None, root=zoo)


def test_a_packed_network_that_predicts_otherwise_is_refused(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "short-s0", tmp_path / "run")
    shutil.copyfile(runs / "short-s1" / "predictions.npz", tmp_path / "run" / "predictions.npz")
    with pytest.raises(ValueError, match=r"classifies .* test pictures in another way"):
        collect_run(tmp_path / "run", load_data("digits"), root=tmp_path / "zoo")
    assert not list((tmp_path / "zoo").rglob("*.safetensors"))


def test_the_zoo_trains_collects_and_skips(runs: Path, tmp_path: Path) -> None:
    """One job is finished already, one was parked after an epoch; then nothing is left."""
    zoo, here = tmp_path / "zoo", tmp_path / "runs"
    trained(tmp_path / "elsewhere" / "short-s0", JOBS[0], epochs=1)
    assert park_runs(tmp_path / "elsewhere", JOBS, zoo) == ["short-s0"]
    shutil.copytree(runs / "short-s1", here / "short-s1")
    told: list[str] = []
    queue = Queue(here, Path("data"), root=zoo, tell=told.append)
    assert queue.work(open_jobs(JOBS, zoo), workers=2) == []
    text = "\n".join(told)
    assert "short-s0: taken from where it was parked" in text
    assert "short-s1: begins" not in text
    assert "epoch 1/3" not in (here / "short-s0" / "log.txt").read_text()
    # As if never interrupted.
    resumed, straight = (
        load_file(folder / "short-s0" / "state.safetensors") for folder in (here, runs)
    )
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in straight.items())
    assert find_card(NAME, zoo)[0].seeds == [0, 1]
    assert parked_runs(zoo) == []
    assert open_jobs(JOBS, zoo) == []


def test_a_failure_is_told_and_the_rest_goes_on(runs: Path, tmp_path: Path) -> None:
    bad = Job("bad-s0", "digits", "digits", ("learning_rate=-1",), 0)
    shutil.copytree(runs / "short-s0", tmp_path / "runs" / "short-s0")
    told: list[str] = []
    queue = Queue(tmp_path / "runs", Path("data"), root=tmp_path / "zoo", tell=told.append)
    assert queue.work([bad, JOBS[0]], workers=1) == ["bad-s0"]
    assert "bad-s0: train failed, see" in "\n".join(told)
    assert "learning_rate must be above 0" in (tmp_path / "runs/bad-s0/log.txt").read_text()
    assert find_card(NAME, tmp_path / "zoo")[0].seeds == [0]


def test_two_queues_do_not_share_a_folder(tmp_path: Path) -> None:
    queue = Queue(tmp_path, Path("data"), root=tmp_path / "zoo", tell=print)
    with _alone(tmp_path), pytest.raises(ValueError, match="Another process is training in"):
        queue.work([], workers=1)
    assert queue.work([], workers=1) == []


def test_parking_keeps_what_is_under_way_and_drops_what_is_finished(
    runs: Path, tmp_path: Path
) -> None:
    zoo, here = tmp_path / "zoo", tmp_path / "runs"
    trained(here / "short-s0", JOBS[0], epochs=2)
    assert park_runs(here, JOBS, zoo) == ["short-s0"]
    parked = zoo / ".unfinished" / "short-s0"
    assert {path.name for path in parked.iterdir()} == {
        "run.json",
        "metrics.jsonl",
        "state.safetensors",
    }
    # A machine that never touched this run leaves it where it is.
    assert park_runs(tmp_path / "empty", JOBS, zoo) == ["short-s0"]
    shutil.rmtree(here)
    shutil.copytree(runs / "short-s0", here / "short-s0")
    assert park_runs(here, JOBS, zoo) == []


CORE_PICTURES = ("real", "sign", "bayer2", "phases2", "colours")
MORE_PICTURES = (
    *("bayer4", "blue8", "random4", "published", "diffused", "rsign", "learned2"),
    *("thermometer4", "informative"),
    *("grey-real", "grey-sign", "grey-bayer2", "grey-uniform-0.2", "grey-uniform+0.2"),
)


def test_the_plan_holds_the_runs_of_the_issue() -> None:
    jobs = plan()
    assert len({job.name for job in jobs}) == len(jobs)
    # Every job is a run of its own in the zoo.
    assert len({(job_card(job), job.seed) for job in jobs}) == len(jobs)
    names = [job.name.rpartition("-s")[0] for job in jobs]
    counts = {name: names.count(name) for name in names}
    assert counts == {
        **dict.fromkeys(["digits-sign-on", "digits-design2d-on"], 5),
        **dict.fromkeys(["stat-sign-off", "stat-design2d-off", "stat-uniform-off"], 5),
        **dict.fromkeys(["stat-sign-on", "stat-design2d-on", "stat-uniform-on"], 5),
        **dict.fromkeys(["stat-swapped-off"], 3),
        **dict.fromkeys(["stat-design3d-off", "stat-design3d-on"], 3),
        **dict.fromkeys(["stat-own-off", "stat-own-on"], 3),
        **dict.fromkeys(["stat-first-off", "stat-centred-off"], 3),
        **dict.fromkeys([f"demo-{key}" for key in ("sign-on", "sign-off")], 1),
        **dict.fromkeys([f"demo-{key}" for key in ("design2d-on", "design2d-off")], 1),
        **dict.fromkeys(["demo-design3d-on", "demo-hardtanh-on"], 1),
        **dict.fromkeys(["cifar100-sign-on", "cifar100-design2d-on"], 3),
        **dict.fromkeys(["wide-sign-off", "wide-design2d-off"], 1),
        **dict.fromkeys(["large-design2d-off", "large-uniform-off"], 3),
        **dict.fromkeys([f"picture-{key}-sign-on" for key in CORE_PICTURES], 5),
        **dict.fromkeys([f"picture-uniform{t:+}-sign-on" for t in UNIFORM_SWEEP], 1),
        **dict.fromkeys([f"picture-uniform{t:+}-sign-on" for t in (-0.2, -0.4)], 5),
        **dict.fromkeys([f"picture-{key}-sign-on" for key in MORE_PICTURES], 3),
        **dict.fromkeys(
            [f"imagenette-picture-{key}-sign-on" for key in (*FEW, "bayer2", "real")], 3
        ),
        **dict.fromkeys([f"photons-{n}-{k}-sign-on" for n in (1, 10, 100, 1000) for k in FEW], 3),
        **dict.fromkeys([f"picture-phases2-{key}-on" for key in ("design2d", "uniform")], 3),
        **dict.fromkeys(["stat-rsign-on", "stat-learned2d-on"], 3),
        **dict.fromkeys([f"inside-w{w}-{s}" for w in (2, 8, 32) for s in INSIDE], 5),
        **dict.fromkeys([f"inside-{k}-{s}" for k in ("lowpass", "x2", "x4") for s in (0, 1)], 3),
        **dict.fromkeys([f"strategy-{b}-{key}" for b in BINARIZERS for key in THREE], 3),
        **dict.fromkeys([f"bits-{b}-{key}" for b in ("w1a2", "w2a2", "w4a4") for key in TWO], 3),
        **dict.fromkeys([f"abc-{b}-{key}" for b in BASES for key in TWO], 3),
        **dict.fromkeys([f"{f}-{key}" for f in ("full", "resnet20") for key in THREE], 3),
        **dict.fromkeys([f"surrogate-{s}-{k}" for s in ("triangular", "swish") for k in TWO], 3),
        **dict.fromkeys([f"ablation-{kernel.replace('@', '-')}" for kernel in ABLATION], 3),
        **dict.fromkeys(
            [f"ablation-{k}-x{s}" for k in ("2x2-v2", "bayer-4") for s in (0.5, 1.5)], 3
        ),
        **dict.fromkeys([f"camvid-{key}-on" for key in (*THREE, "hardtanh")], 3),
    }
    main = ("stat-sign", "stat-design2d", "stat-uniform", "stat-swapped")
    seeds = [job.seed for job in jobs if job.name.startswith(main)]
    assert seeds == sorted(seeds)  # round by seed


def test_the_list_for_a_gpu_is_the_papers_width_a_hundred_epochs_long() -> None:
    jobs = gpu_plan()
    both = [*plan(), *jobs]
    assert len({job.name for job in both}) == len(both)
    assert len({(job_card(job), job.seed) for job in both}) == len(both)
    recipes = {job: load_recipe(job.recipe).with_changes(job.changes) for job in jobs}
    assert all(recipe.epochs == 100 for recipe in recipes.values())
    assert all(
        recipe.network["name"] == "resnet18" or recipe.network["width"] == 128
        for recipe in recipes.values()
    )
    cifar10 = [job for job in jobs if job.data == "cifar10" and "w128" in job.name]
    assert Counter(job.seed for job in cifar10) == dict.fromkeys(range(5), 7)
    assert [job.seed for job in cifar10] == sorted(job.seed for job in cifar10)  # round by seed


@pytest.mark.parametrize("jobs", LISTS.values(), ids=LISTS)
def test_every_network_of_a_plan_can_be_built(jobs: Callable[[], list[Job]]) -> None:
    specs = {
        NetworkSpec.from_dict(load_recipe(job.recipe).with_changes(job.changes).network)
        for job in jobs()
        if job.seed == 0
    }
    with torch.device("meta"):
        assert all(spec.build().training for spec in specs)


def test_the_pattern_inside_lies_at_normal_quantiles() -> None:
    kernel = activation_kernels(inside_pattern(0.5))[0]
    assert kernel is not None
    levels = bayer(2).levels
    ranks = np.searchsorted(np.unique(levels), levels)
    wanted = 0.5 * stats.norm.ppf((2 * ranks + 1) / 8)
    assert kernel.thresholds == pytest.approx(wanted, abs=1e-4)


def test_stopped_at_any_time_another_machine_goes_on(tmp_path: Path) -> None:
    zoo, here, there = tmp_path / "zoo", tmp_path / "here", tmp_path / "there"
    only = ["--only", "digits-sign-on-s0", "--zoo", str(zoo)]

    def command(part: str, runs: Path) -> list[str]:
        return [sys.executable, "-m", "design_core", "zoo", part, "--runs", str(runs), *only]

    first = subprocess.Popen(command("train", here), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    # Metrics are written before the state: stopped in between, the first epoch would be lost.
    state = here / "digits-sign-on-s0" / "state.safetensors"
    while first.poll() is None and not state.is_file():
        time.sleep(0.05)
    first.send_signal(signal.SIGTERM)
    told, _ = first.communicate()
    assert first.returncode == 130
    assert "the same command goes on" in told
    with _alone(here):  # no training is left over
        pass
    done = subprocess.run(
        command("park", here), capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "digits-sign-on-s0\n"
    done = subprocess.run(
        command("train", there), capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "taken from where it was parked" in done.stdout
    card, _ = find_card("digits-tiny-w16-sign-affine_on", zoo)
    assert len(card.curve(0)) == card.recipe["epochs"]
    assert parked_runs(zoo) == []
