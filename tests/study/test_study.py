"""A small study with real workers: order, skips, deaths, interruptions."""

import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from forgetting import records
from forgetting.config import InputError, Optimizer, Run, Study, canonical
from forgetting.data import corpora, fetch
from forgetting.records import RunDirectory
from forgetting.runs import text as run_text
from forgetting.study import study as study_lib


@pytest.fixture
def toy(finetuning) -> Study:
  other = dataclasses.replace(finetuning, injection=0)
  return Study(name="toy", runs=(finetuning, other))


def result_times(root: pathlib.Path) -> dict:
  return {f: f.stat().st_mtime_ns for f in root.rglob("result.json")}


def test_a_study_is_done_once_and_skipped_afterwards(cache, toy, tmp_path):
  first = study_lib.do_study(toy, root=str(tmp_path))
  names = {run.name for run in toy.ordered()}
  assert set(first.done) == names
  assert first.done[0] == toy.runs[0].parent.name
  assert not first.failed
  table = records.load(tmp_path / "toy")
  assert set(table.status) == {"done"}

  stamps = result_times(tmp_path)
  second = study_lib.do_study(toy, root=str(tmp_path))
  assert set(second.skipped) == names
  assert not second.done and not second.workers
  assert stamps == result_times(tmp_path)

  # a result that is lost is made again, and comes out the same
  lost = RunDirectory.of(tmp_path, "toy", toy.runs[0])
  before = lost.result()
  (lost.path / "result.json").unlink()
  third = study_lib.do_study(toy, root=str(tmp_path), workers=1)
  assert third.done == [toy.runs[0].name]
  for column in ("pretrain_loss", "target_loss", "best_step"):
    assert lost.result()[column] == before[column]


def test_one_training_and_one_evaluation_program_a_model_shape(
  cache, toy, finetuning, tmp_path, monkeypatch
):
  """Over a grid of p, D, learning rate, seed and steps, and over workers."""
  fresh = tmp_path / "cache"
  fresh.mkdir()
  for part in cache.iterdir():
    if part.name != "compiled":
      (fresh / part.name).symlink_to(part)
  monkeypatch.setenv("FORGETTING_CACHE", str(fresh))
  grid = [
    dataclasses.replace(finetuning, **change)
    for change in (
      dict(seed=1),
      dict(steps=7),
      dict(target_tokens_asked=96),
      dict(optimizer=Optimizer(peak_lr=1e-4, weight_decay=0)),
    )
  ]
  study = dataclasses.replace(toy, runs=(*toy.runs, *grid))
  summary = study_lib.do_study(study, root=str(tmp_path))
  assert not summary.failed
  names = [file.name for file in fresh.glob("compiled/*/jit_*")]
  for program in ("jit_train_step", "jit_block_losses"):
    assert sum(name.startswith(program) for name in names) == 1
  # no process compiled what another had: each is in the cache once
  assert summary.of_workers("compiled") == len(names)
  assert summary.of_workers("from_cache") >= 2 * (len(summary.workers) - 1)


def test_runs_do_not_depend_on_the_number_of_workers(cache, toy, tmp_path):
  for workers in (1, 2):
    study_lib.do_study(toy, root=str(tmp_path / str(workers)), workers=workers)
  one, two = (
    records.load(tmp_path / str(workers)).drop(columns="study")
    for workers in (1, 2)
  )
  assert one.equals(two)


def test_text_that_changed_under_a_done_run_is_refused(cache, toy, tmp_path):
  study_lib.do_study(toy, root=str(tmp_path), workers=1)
  file = RunDirectory.of(tmp_path, "toy", toy.runs[0]).path / "result.json"
  result = json.loads(file.read_text())
  result["text"]["law/train"] = "0" * 64
  file.write_text(json.dumps(result))
  with pytest.raises(InputError, match="the text law/train has changed since"):
    study_lib.do_study(toy, root=str(tmp_path))


def test_every_result_names_its_exact_text(cache, toy, tmp_path):
  study_lib.do_study(toy, root=str(tmp_path), workers=1)
  table = records.data(tmp_path / "toy").set_index("name")
  assert sorted(table.index) == ["law", "letters", "news"]  # each once
  for source in run_text.sources_of(toy.runs[0]):
    prepared = run_text.open_source(toy.runs[0], source)
    row = table.loc[prepared.name]
    assert row["train_sha256"] == prepared.meta["splits"]["train"]["sha256"]
    assert prepared.meta["tokenizer_sha256"] in row["tokenizer"]
    assert source in row["source"] and "mod 20" in row["split_rule"]


def test_a_domain_that_cannot_be_had_leaves_the_others(
  cache, toy, tmp_path, monkeypatch
):
  gone = dataclasses.replace(toy.runs[0], domain="kjv")

  def refuse(name, archives, progress):
    raise InputError(f"{name}: could not fetch it")

  monkeypatch.setattr(fetch, "open_archives", refuse)
  study = dataclasses.replace(toy, runs=(*toy.runs, gone))
  summary = study_lib.do_study(study, root=str(tmp_path))
  assert len(summary.done) == 3
  assert summary.failed == {"kjv": "kjv: could not fetch it"}
  assert summary.left_out == [gone.name]
  with pytest.raises(InputError, match="could not fetch"):
    study_lib.do_study(
      dataclasses.replace(toy, runs=(gone,)), root=str(tmp_path)
    )


def test_text_of_one_name_is_refused(cache, toy, text, tmp_path):
  other = tmp_path / "law"
  shutil.copytree(text["law"], other)
  twin = dataclasses.replace(toy.runs[0], domain=str(other))
  study = dataclasses.replace(toy, runs=(*toy.runs, twin))
  with pytest.raises(InputError, match="both call 'law'; rename one"):
    study_lib.do_study(study, root=str(tmp_path))


def test_a_set_stands_for_its_members(finetuning, monkeypatch):
  members = list(finetuning.pretraining)
  monkeypatch.setitem(corpora.SETS, "mine", members)
  parent = dataclasses.replace(finetuning.parent, pretraining=("mine",))
  run = dataclasses.replace(finetuning, pretraining=("mine",), parent=parent)
  assert run_text.pretraining_sources(run) == members
  inside = dataclasses.replace(run, domain=members[0])
  with pytest.raises(InputError, match="not among the pretraining sources"):
    run_text.check_text(inside)
  assert Run.__dataclass_fields__["pretraining"].default == ("mix",)
  assert not {"news", "usenet", "tweets"} & set(corpora.SETS["mix"])


def test_a_diverged_run_fails_alone(cache, toy, finetuning, tmp_path):
  wild = dataclasses.replace(
    finetuning, optimizer=Optimizer(peak_lr=1e30, warmup_steps=0)
  )
  study = dataclasses.replace(toy, runs=(*toy.runs, wild))
  summary = study_lib.do_study(study, root=str(tmp_path))
  assert list(summary.failed) == [wild.name]
  assert "expected finite" in summary.failed[wild.name]
  assert len(summary.done) == 3
  table = records.load(tmp_path / "toy")
  assert (table.status == "diverged").sum() == 1
  # told again, not done again
  again = study_lib.do_study(study, root=str(tmp_path))
  assert list(again.failed) == [wild.name]
  assert not again.done


def test_a_failed_parent_leaves_its_children_out(cache, toy, tmp_path):
  parent = RunDirectory.of(tmp_path, "toy", toy.runs[0].parent)
  parent.path.mkdir(parents=True)
  (parent.path / "config.json").write_text("{}")  # not its own
  summary = study_lib.do_study(toy, root=str(tmp_path))
  assert list(summary.failed) == [toy.runs[0].parent.name]
  assert set(summary.left_out) == {run.name for run in toy.runs}
  assert not summary.done


@pytest.mark.parametrize(
  ("change", "line"),
  [
    (dict(target_tokens_asked=10**9), "target_tokens_asked: found 1000000000"),
    (dict(injection=0.9, steps=10**6), "injection: found 0.9 over"),
    (dict(domain="./no/such/folder"), "no/such/folder"),
  ],
)
def test_what_the_text_cannot_give_is_refused_before_compute(
  cache, finetuning, tmp_path, change, line
):
  study = Study(name="toy", runs=(dataclasses.replace(finetuning, **change),))
  with pytest.raises(InputError, match=line) as error:
    study_lib.do_study(study, root=str(tmp_path))
  assert "\n" not in str(error.value)
  assert not list(tmp_path.iterdir())


def long_study_file(tmp_path, finetuning) -> pathlib.Path:
  """A config whose fine-tuning takes long enough to be hit."""
  run = dataclasses.replace(
    finetuning,
    injection=0,
    steps=6000,
    evaluation=dataclasses.replace(
      finetuning.evaluation, points=8, patience=99
    ),
  )
  file = tmp_path / "long.py"
  file.write_text(
    "import json\n"
    "from forgetting.config.canonical import from_dict\n"
    "from forgetting.config import Run, Study\n"
    f"RUN = json.loads({canonical.to_json(run)!r})\n"
    "def study():\n"
    "  return Study(name='long', runs=(from_dict(Run, RUN),))\n"
  )
  return file


def start(file: pathlib.Path, root: pathlib.Path, *more) -> subprocess.Popen:
  command = [
    sys.executable, "-m", "forgetting", "study", str(file), "--root",
    str(root), "--workers", "1", *more,
  ]  # fmt: skip
  return subprocess.Popen(
    command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
  )


def wait_for_second_record(root: pathlib.Path) -> None:
  for _ in range(1200):
    for file in root.glob("long/*law*/records.jsonl"):
      if len(file.read_text().splitlines()) >= 2:
        return
    time.sleep(0.1)
  raise AssertionError("the run did not get under way")


def children_of(pid: int) -> list[int]:
  import psutil

  return [
    child.pid
    for child in psutil.Process(pid).children()
    if "spawn_main" in " ".join(child.cmdline())
  ]


def final(root: pathlib.Path) -> dict:
  table = records.load(root / "long")
  return table.set_index("run")[["pretrain_loss", "target_loss"]].to_dict()


@pytest.mark.parametrize(
  "slots", ["1", pytest.param("2", marks=pytest.mark.slow)]
)
def test_killed_worker_and_stopped_study_lose_nothing(
  cache, finetuning, tmp_path, slots
):
  """Kill -9 of a worker: its run is redone. SIGTERM: saved, then resumed."""
  file = long_study_file(tmp_path, finetuning)
  whole = start(file, tmp_path / "whole", "--slots", slots)
  wait_for_second_record(tmp_path / "whole")
  workers = children_of(whole.pid)
  assert workers
  for worker in workers:
    os.kill(worker, signal.SIGKILL)
  output, _ = whole.communicate(timeout=300)
  assert whole.returncode == 0, output
  assert "its worker died (exit code -9); the run is done again" in output

  cut = start(file, tmp_path / "cut", "--slots", slots)
  wait_for_second_record(tmp_path / "cut")
  cut.send_signal(signal.SIGTERM)
  output, _ = cut.communicate(timeout=120)
  assert cut.returncode == 75, output
  assert "the same command goes on from here" in output
  saved = list((tmp_path / "cut").glob("long/*law*/ckpt/*"))
  assert saved
  resumed = start(file, tmp_path / "cut", "--slots", slots)
  output, _ = resumed.communicate(timeout=300)
  assert resumed.returncode == 0, output
  assert "1 runs done" in output and "1 were done already" in output
  one, two = final(tmp_path / "whole"), final(tmp_path / "cut")
  np.testing.assert_equal(one, two)
