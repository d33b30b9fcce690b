"""The cell that comes before all others."""

import dataclasses

import tiny_checkpoint

from forgetting.config import LoRA, Pretrained
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


def test_full_fine_tunings_come_first_where_others_cost_less(finetuning):
  """What was shown of a cheaper cell by LoRA was that it had no full one."""
  full = (finetuning, dataclasses.replace(finetuning, injection=0))
  lora = [dataclasses.replace(run, method=LoRA(rank=1)) for run in full]
  assert sum(r.flops for r in lora) < sum(r.flops for r in full)
  assert first_cell([*lora, *full]) == {run.name for run in full}
  assert first_cell(lora) == {run.name for run in lora}


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
