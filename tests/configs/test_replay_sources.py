"""The studies of replay sources have the same cells for each."""

import collections
import pathlib

import tiny_checkpoint

from forgetting.config.study_file import load_study

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def test_every_source_is_injected_as_much_in_each_cell():
  study = load_study(str(CONFIGS / "replay_sources.py"))
  cells = collections.defaultdict(set)
  for run in study.runs:
    assert run.beside == ("self",)
    if run.seed == 0:
      word = run.replay_source_word
      cells[word].add((run.model, run.domain, run.injection))
  without = cells.pop(None)
  assert len(cells) == 9 and len(without) == 4
  assert len(set(map(frozenset, cells.values()))) == 1
  again = {run.replay_source_word for run in study.runs if run.seed == 1}
  assert again == {None, "own", "self-t1"}


def test_next_token_and_divergence_are_tried_on_the_same_text():
  study = load_study(str(CONFIGS / "replay_sources.py"), arguments=["kl=true"])
  cells = collections.defaultdict(set)
  for run in study.runs:
    if run.injection:
      where = run.domain, run.injection, run.replay_source_word
      cells[where].add(run.method.word)
  assert len(cells) == 8
  methods = {"full", "kl-injected-1", "kl-injected-10"}
  assert {*map(frozenset, cells.values())} == {frozenset(methods)}


def test_a_public_model_has_a_control_of_each_source(tmp_path):
  folder = tiny_checkpoint.write(tmp_path / "Tiny", max_position_embeddings=256)
  file = str(CONFIGS / "smollm2_replay.py")
  study = load_study(file, models=(str(folder),))
  sources = {run.replay_source for run in study.runs if run.injection}
  controls = [run for run in study.runs if run.is_control]
  assert {run.replay_source for run in controls} == sources
  assert len(sources) == 2 and len(study.runs) == 7
  assert {run.pretraining for run in study.runs} == {("self",)}
  most = max(run.steps * run.injection for run in study.runs if run.domain)
  chunks = most * controls[0].batch_size
  (written,) = (s.chunks for s in sources if s.kind == "self")
  assert abs(controls[0].steps - most) < 1 and written > chunks
