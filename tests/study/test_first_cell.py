"""The cell that comes before all others."""

import dataclasses

import tiny_checkpoint

from forgetting.config import Pretrained
from forgetting.study.first_cell import first_cell


def test_the_cheapest_cell_comes_first_with_its_parent(finetuning):
  two = (finetuning, dataclasses.replace(finetuning, injection=0))
  longer = [dataclasses.replace(run, steps=2 * run.steps) for run in two]
  parent = finetuning.parent
  todo = [parent, *longer, *two]
  # one cell: what differs beside injection is no reason to split it
  assert first_cell(todo) == {run.name for run in todo}
  other = [dataclasses.replace(run, target_tokens_asked=96) for run in longer]
  assert first_cell([parent, *other, *two]) == {
    run.name for run in (parent, *two)
  }
  assert first_cell([*other, *two]) == {run.name for run in two}


def test_a_public_checkpoint_is_a_parent_too(tmp_path):
  """Its cells ended in an AttributeError: a checkpoint has no name."""
  parent = Pretrained(str(tiny_checkpoint.write(tmp_path / "tiny")))
  text = dict(news="news.txt", law="law.txt")
  two = [
    tiny_checkpoint.finetuning(parent, text, injection=p) for p in (0, 0.25)
  ]
  control = tiny_checkpoint.finetuning(
    parent, text, injection=1, domain=None, target_tokens_asked=0
  )
  assert first_cell([control, *two]) == {run.name for run in two}


def test_without_a_whole_cell_none_comes_first(finetuning):
  assert first_cell([]) == frozenset()
  assert first_cell([finetuning.parent, finetuning]) == frozenset()
