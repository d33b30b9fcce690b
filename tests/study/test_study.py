"""A small study with real workers: order, skips, deaths, interruptions."""

import dataclasses
import json
import pathlib
import shutil

import pytest
from small import small_finetuning

from forgetting import records
from forgetting.config import InputError, Optimizer, Replay, Run, Study
from forgetting.data import fetch
from forgetting.records import RunDirectory
from forgetting.runs import text as run_text
from forgetting.runs import text_sources
from forgetting.study import study as study_lib
from forgetting.study.summary import Summary


def toy_of(run: Run) -> Study:
  return Study(name="toy", runs=(run, dataclasses.replace(run, injection=0)))


@pytest.fixture
def toy(finetuning) -> Study:
  return toy_of(finetuning)


@pytest.fixture(scope="module")
def _finished(text, prepared_cache, tmp_path_factory):
  root, toy = tmp_path_factory.mktemp("study"), toy_of(small_finetuning(text))
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("FORGETTING_CACHE", str(prepared_cache))
    return root, study_lib.do_study(toy, root=str(root), workers=1)


@pytest.fixture
def finished(_finished, cache, tmp_path) -> tuple[pathlib.Path, Summary]:
  """A root of a test's own in which one worker has done the toy study."""
  root, summary = _finished
  shutil.copytree(root, tmp_path, dirs_exist_ok=True)
  return tmp_path, summary


def result_times(root: pathlib.Path) -> dict:
  return {f: f.stat().st_mtime_ns for f in root.rglob("result.json")}


def test_a_study_is_done_once_and_skipped_afterwards(finished, toy):
  root, first = finished
  names = {run.name for run in toy.ordered()}
  assert set(first.done) == names
  assert first.done[0] == toy.runs[0].parent.name
  assert not first.failed
  table = records.load(root / "toy")
  assert set(table.status) == {"done"}

  stamps = result_times(root)
  second = study_lib.do_study(toy, root=str(root))
  assert set(second.skipped) == names
  assert not second.done and not second.workers
  assert stamps == result_times(root)

  # a result that is lost is made again, and comes out the same
  lost = RunDirectory.of(root, "toy", toy.runs[0])
  before = lost.result()
  (lost.path / "result.json").unlink()
  third = study_lib.do_study(toy, root=str(root), workers=1)
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


@pytest.mark.slow
def test_runs_do_not_depend_on_the_number_of_workers(finished, toy):
  root, _ = finished
  study_lib.do_study(toy, root=str(root / "two"), workers=2)
  one, two = records.load(root / "toy"), records.load(root / "two" / "toy")
  assert one.equals(two)


def test_text_that_changed_under_a_done_run_is_refused(finished, toy):
  root, _ = finished
  file = RunDirectory.of(root, "toy", toy.runs[0]).path / "result.json"
  result = json.loads(file.read_text())
  result["text"]["law/train"] = "0" * 64
  file.write_text(json.dumps(result))
  with pytest.raises(InputError, match="the text law/train has changed since"):
    study_lib.do_study(toy, root=str(root))


def test_every_result_names_its_exact_text(finished, toy):
  root, _ = finished
  table = records.data(root / "toy").set_index("name")
  assert sorted(table.index) == ["law", "letters", "news"]  # each once
  for source in text_sources.sources_of(toy.runs[0]):
    prepared = run_text.open_source(toy.runs[0], source)
    row = table.loc[prepared.name]
    assert row["train_sha256"] == prepared.meta["splits"]["train"]["sha256"]
    assert prepared.meta["tokenizer_sha256"] in row["tokenizer"]
    assert source in row["source"] and "mod 20" in row["split_rule"]


def test_a_domain_that_cannot_be_had_leaves_the_others(
  finished, toy, monkeypatch
):
  root, _ = finished
  gone = dataclasses.replace(toy.runs[0], domain="kjv")

  def refuse(name, archives, progress):
    raise InputError(f"{name}: could not fetch it")

  monkeypatch.setattr(fetch, "open_archives", refuse)
  study = dataclasses.replace(toy, runs=(*toy.runs, gone))
  summary = study_lib.do_study(study, root=str(root))
  assert len(summary.skipped) == 3
  assert summary.failed == {"kjv": "kjv: could not fetch it"}
  assert summary.left_out == [gone.name]
  with pytest.raises(InputError, match="could not fetch"):
    study_lib.do_study(dataclasses.replace(toy, runs=(gone,)), root=str(root))


def test_what_needs_a_run_without_its_text_is_left_out(finished, toy):
  """And what needs that, though its own text is there."""
  gone = dataclasses.replace(
    toy.runs[0], domain="kjv", injection=0, replay=Replay(pool=8, probe=True)
  )
  needing = dataclasses.replace(
    toy.runs[0], replay=Replay(pool=8, measured_in=gone)
  )
  study = dataclasses.replace(toy, runs=(*toy.runs, needing))
  runs = study.ordered()
  assert study_lib._without_text(runs, {"kjv"}) == {gone.name, needing.name}


def test_text_of_one_name_is_refused(cache, toy, text, tmp_path):
  other = tmp_path / "law"
  shutil.copytree(text["law"], other)
  twin = dataclasses.replace(toy.runs[0], domain=str(other))
  study = dataclasses.replace(toy, runs=(*toy.runs, twin))
  with pytest.raises(InputError, match="both call 'law'; rename one"):
    study_lib.do_study(study, root=str(tmp_path))


def test_a_diverged_run_fails_alone(finished, toy, finetuning):
  root, _ = finished
  wild = dataclasses.replace(
    finetuning, optimizer=Optimizer(peak_lr=1e30, warmup_steps=0)
  )
  study = dataclasses.replace(toy, runs=(*toy.runs, wild))
  summary = study_lib.do_study(study, root=str(root), workers=1)
  assert list(summary.failed) == [wild.name]
  assert "expected finite" in summary.failed[wild.name]
  assert len(summary.skipped) == 3 and not summary.done
  table = records.load(root / "toy")
  assert (table.status == "diverged").sum() == 1
  # told again, not done again
  again = study_lib.do_study(study, root=str(root))
  assert list(again.failed) == [wild.name]
  assert not again.done


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
