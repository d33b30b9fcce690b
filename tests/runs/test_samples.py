"""Text that a parent writes: the same for all who ask, and what runs read."""

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from small import options_in
import tiny_checkpoint

from forgetting import records
from forgetting.config import (
  KL,
  InputError,
  OtherText,
  Pretrained,
  Repeated,
  SelfText,
  canonical,
)
from forgetting.data import cache as cache_lib
from forgetting.data import samples as store
from forgetting.data.documents import Split
from forgetting.records import RunDirectory
from forgetting.runs import run as run_lib
from forgetting.runs import samples
from forgetting.runs import text as run_text
from forgetting.runs.text_checks import check_text
from forgetting.study import study as study_lib
from forgetting.training import sampling_size


@pytest.fixture(autouse=True)
def few(monkeypatch):
  monkeypatch.setattr(sampling_size, "ROWS", 8)
  monkeypatch.setattr(sampling_size, "FEW_ROWS", 4)


# what each of two processes does, from when both are there
SHARED = """
import json, pathlib, time
from forgetting.config import Run
from forgetting.config.canonical import from_dict
from forgetting.runs import samples
from forgetting.training import sampling, sampling_size
from small import options_in
sampling_size.ROWS, sampling_size.FEW_ROWS = 8, 4
root, ready = pathlib.Path({root!r}), pathlib.Path({ready!r})
study = options_in(root).study
for file in sorted(root.glob("*.json")):
  run = from_dict(Run, json.loads(file.read_text()))
  sampling.compile_sampler(run.model, rows=8)
  while not ready.exists():
    time.sleep(0.01)
  print(*samples.resolved(run, study).replay_source.sources)
"""


def of_self(run, **settings):
  source = SelfText(**(dict(chunks=12) | settings))
  return dataclasses.replace(run, replay_source=source)


def read(run, root):
  return samples.resolved(run, options_in(root).study)


def test_samples_are_made_once_and_shared(finetuning, with_parent, monkeypatch):
  run = of_self(finetuning)
  found = read(run, with_parent)
  source = run_text.opened(run, found.replay_source.sources)[0]
  assert source.train.shape == (12, run.model.context + 1)
  # whatever else of the run differs
  monkeypatch.setattr(samples, "write", None)
  child = dataclasses.replace(run, seed=5, steps=3)
  assert read(child, with_parent).replay_source == found.replay_source


def test_what_is_written_does_not_depend_on_how_much(finetuning, with_parent):
  # as many links of a chain, and so the same parts
  few, more = (
    run_text.opened(finetuning, one.replay_source.sources)[0].train
    for one in (
      read(of_self(finetuning, chunks=n, seed=3), with_parent) for n in (32, 64)
    )
  )
  np.testing.assert_array_equal(few, more[:32])


def test_what_is_held_out_is_never_injected(finetuning, with_parent):
  found = read(of_self(finetuning, chunks=16), with_parent)
  (train,) = run_text.opened(finetuning, found.replay_source.sources)
  (held,) = run_text.opened(finetuning, found.beside)
  assert not {*map(bytes, train.train)} & {*map(bytes, held.validation)}
  assert len(held.validation) == finetuning.evaluation.full_pretrain


def test_prompts_begin_chunks_and_carry_no_loss(finetuning, with_parent, text):
  run = of_self(finetuning, prompts=(text["law"],), prompt_tokens=5)
  found = read(run, with_parent)
  (written,) = run_text.opened(run, found.replay_source.sources)
  (law,) = run_text.opened(run, (text["law"],))
  beginnings = {*map(bytes, law.train[:, :5].astype(np.int32))}
  assert {*map(bytes, written.train[:, :5].astype(np.int32))} <= beginnings
  assert (written.train_weights.sum(1) == run.model.context - 4).all()


def test_it_is_done_again_after_another_left_a_part(finetuning, with_parent):
  run = of_self(finetuning, chunks=40, seed=9)
  parts = []
  part = samples._Writer.part

  def once(self, number):
    if parts:
      raise KeyboardInterrupt
    parts.append(number)
    return part(self, number)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(samples._Writer, "part", once)
    with pytest.raises(KeyboardInterrupt):
      read(run, with_parent)
  begun = len(parts)

  def counted(self, number):
    parts.append(number)
    return part(self, number)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(samples._Writer, "part", counted)
    read(run, with_parent)
  assert begun == 1 and len(parts) == len(set(parts)) > 1


def test_who_comes_as_another_ends_writes_nothing(
  finetuning, with_parent, monkeypatch
):
  run = of_self(finetuning, chunks=40, seed=11)
  study = options_in(with_parent).study
  asked = samples._asked(run, study, run.replay_source, Split.TRAIN)
  read(run, with_parent)
  # it had seen that nothing is there, and finds no parts either
  monkeypatch.setattr(samples._Writer, "part", None)
  settings = dict(model=run.model, load=None, prompts=None)
  samples.write(asked, **settings)
  assert not [*(cache_lib.root() / "parts").iterdir()]


@pytest.mark.slow
def test_processes_that_want_the_same_share_the_work(finetuning, with_parent):
  ready, runs = with_parent / "ready", []
  for seed in range(3):  # each a race at its end
    runs.append(of_self(finetuning, chunks=130, seed=40 + seed))
    (with_parent / f"{seed}.json").write_text(canonical.to_json(runs[-1]))
  script = SHARED.format(root=str(with_parent), ready=str(ready))
  tests = str(pathlib.Path(__file__).parents[1])
  both = [
    subprocess.Popen(
      [sys.executable, "-c", script],
      env=os.environ | {"PYTHONPATH": tests},
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    for _ in range(2)
  ]
  ready.touch()
  told = [process.communicate(timeout=300) for process in both]
  assert [process.returncode for process in both] == [0, 0], told
  assert told[0][0] == told[1][0] != ""  # the sources that they read
  parts = re.findall(r"writes (\S+: part \d+)", told[0][1] + told[1][1])
  assert len(parts) == len(set(parts)) == 3 * 3 + 1  # held-out text once
  for run in runs:
    found = read(run, with_parent).replay_source.sources
    (written,) = run_text.opened(run, found)
    assert written.train.shape == (130, run.model.context + 1)
    assert len({*map(bytes, written.train)}) == 130
  assert not [*(cache_lib.root() / "parts").iterdir()]


def test_loops_alone_are_refused(finetuning, with_parent, monkeypatch):
  nothing = store.Kept(np.empty(0, np.int64), 8, 8, 0)
  monkeypatch.setattr(store, "kept", lambda *_, **__: nothing)
  with pytest.raises(InputError, match=r"8 chunks of .* loops \(8\)"):
    read(of_self(finetuning, seed=4), with_parent)


def test_a_run_is_held_to_what_it_said_of_its_own_text(finetuning, with_parent):
  options = options_in(with_parent)
  plain = of_self(finetuning, chunks=16)
  held = dataclasses.replace(plain, method=KL(strength=100, where="injected"))
  told = {
    run.method.kind: run_lib.do_run(run, options) for run in (plain, held)
  }
  moved = {kind: one["kl_pretrain"] for kind, one in told.items()}
  assert 0 <= moved["kl"] < moved["full"]
  assert "self-t1/train" in told["kl"]["text"]


def test_a_run_on_its_own_text_tells_both_measures(finetuning, with_parent):
  run = of_self(finetuning, chunks=16)
  options = options_in(with_parent)
  result = run_lib.do_run(run, options)
  table = records.load(with_parent)
  assert table.set_index("run").loc[run.name, "replay_source"] == "self-t1"
  assert "self-t1/train" in result["text"]
  found = RunDirectory(options.study.of(run).path).examples()
  assert {*found["beside_source"].astype(str)} == {"self"}
  assert np.isfinite(found["beside_best"]).all()
  told = json.loads(
    options.study.of(run).path.joinpath("text.json").read_text()
  )
  assert {"self/validation", "self-t1/train"} <= {*told}


def test_a_proxy_is_measured_on_held_out_text_of_its_own(
  finetuning, with_parent, text
):
  proxy = OtherText(sources=(text["poems"],))
  run = dataclasses.replace(finetuning, replay_source=proxy)
  options = options_in(with_parent)
  result = run_lib.do_run(run, options)
  found = RunDirectory(options.study.of(run).path).examples()
  assert {*found["source"].astype(str)} == {"news", "letters"}
  assert {*found["beside_source"].astype(str)} == {"poems"}
  assert {*result["data"]} == {"news", "letters", "poems", "law"}
  (poems,) = run_text.opened(run, proxy.sources)
  injected, index = run_text.mixture_of(run).which_chunks(0, 40)
  assert len({*index[injected]}) == injected.sum()
  assert index[injected].max() < len(poems.train)


def test_a_proxy_that_the_parent_has_read_is_refused(finetuning, cache, text):
  proxy = OtherText(sources=(text["news"],))
  run = dataclasses.replace(finetuning, replay_source=proxy)
  with pytest.raises(InputError, match="expected other text"):
    check_text(run)


def test_more_than_the_parent_writes_is_refused(finetuning, cache):
  with pytest.raises(InputError, match=r"SelfText.chunks: found 9, .* the 10"):
    check_text(of_self(finetuning, chunks=9))


def test_a_pool_is_the_first_of_what_is_injected_again_and_again(
  finetuning, cache
):
  own = run_text.mixture_of(finetuning)
  pool = run_text.mixture_of(
    dataclasses.replace(finetuning, replay_source=Repeated(chunks=3))
  )
  count = 40
  of_own = own.which_chunks(0, count)
  of_pool = pool.which_chunks(0, count)
  np.testing.assert_array_equal(of_own[0], of_pool[0])
  assert {*of_pool[1][of_pool[0]]} == {*of_own[1][of_own[0]][:3]}
  passes = of_pool[1][of_pool[0]][:9].reshape(3, 3)
  assert (np.sort(passes) == np.sort(passes[0])).all()


@pytest.mark.slow
def test_a_checkpoint_is_measured_on_its_own_text(tmp_path, cache, text):
  folder = tiny_checkpoint.write(tmp_path / "base")
  run = tiny_checkpoint.finetuning(Pretrained(str(folder)), text)
  proxy = OtherText(sources=run.pretraining)
  run = dataclasses.replace(
    run,
    pretraining=("self",),
    replay_source=proxy,
    injection=0.25,
  )
  control = dataclasses.replace(
    run, domain=None, target_tokens_asked=0, injection=1.0
  )
  own = dataclasses.replace(control, replay_source=SelfText(chunks=64))
  assert len({run.name, control.name, own.name}) == 3
  study_lib.prepare_text([run, control, own])
  options = options_in(tmp_path)
  for one in (run, control, own):
    result = run_lib.do_run(one, options)
    found = options.study.of(one).examples()
    assert {*found["source"].astype(str)} == {"self"}
    # the expected loss on what it wrote is the least there is
    assert result["pretrain_loss"] > result["base_pretrain_loss"] - 0.01
  rows = records.load(tmp_path / "toy").set_index("run")
  assert rows.loc[run.name, "replay_source"] == proxy.word
  # each run's control injects the same source
  assert np.isfinite(rows.loc[run.name, "net_forgetting"])


def test_a_parent_of_no_numbers_writes_nothing(tmp_path, text, own_cache):
  parent = Pretrained(str(tiny_checkpoint.write_broken(tmp_path / "broken")))
  run = of_self(tiny_checkpoint.finetuning(parent, text))
  with pytest.raises(InputError, match=f"^SelfText: {parent.path}: found logi"):
    read(run, tmp_path)
