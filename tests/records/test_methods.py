import pandas as pd
import pytest

from forgetting import records
from forgetting.config import InputError

MIXED = pd.DataFrame(
  dict(
    domain=[None, "a", "a", "b", "b", "b"],
    method=["full", "full", None, "lora-r8", "lora-r8", "ewc-1"],
    row=range(6),
  )
)


def rows(table, method=None):
  found, line = records.by_method(table, method)
  return found.row.tolist(), line


def test_full_fine_tuning_is_kept_and_the_rest_told():
  assert rows(MIXED) == (
    [0, 1, 2],
    "method full: 2 runs; left out, to be asked for with --method: ewc-1 (1),"
    " lora-r8 (2)",
  )


def test_another_is_asked_for_by_its_word_and_pretrainings_stay():
  kept, line = rows(MIXED, "lora-r8")
  assert kept == [0, 3, 4]
  assert line.startswith("method lora-r8: 2 runs; left out")


def test_a_table_of_one_method_is_taken_whole():
  one = MIXED[MIXED.method != "ewc-1"].iloc[[0, 3, 4]]
  assert rows(one) == ([0, 3, 4], "method: all fine-tunings are by lora-r8")
  assert rows(MIXED[:3]) == ([0, 1, 2], None)
  assert rows(MIXED[["row"]]) == ([*range(6)], None)  # of another trainer


def test_what_is_not_there_is_told():
  with pytest.raises(InputError, match="found 'kl', expected one that the"):
    records.by_method(MIXED, "kl")
  several = MIXED[3:]
  with pytest.raises(InputError, match="found 'full', .*: ewc-1, lora-r8"):
    records.by_method(several)
  with pytest.raises(InputError, match="expected a table with a column"):
    records.by_method(MIXED[["row"]], "lora-r8")


def at_rates(rates, **columns) -> pd.DataFrame:
  """Full fine-tunings of one cell, a run a learning rate."""
  known = dict(domain="a", method="full", model_params=10, target_tokens=20)
  known |= dict(optimizer="adamw-cosine", peak_lr=rates, row=range(len(rates)))
  return pd.DataFrame(known | columns)


def test_other_rates_and_optimizers_of_a_cell_are_left_out_and_told():
  found, line = rows(at_rates([0.1, 0.1, 0.1, 0.3, 1.0]))
  assert found == [0, 1, 2]
  assert line.startswith("2 runs of other learning rates or optimizers")
  muon = at_rates([0.1] * 3, optimizer=["adamw-cosine"] * 2 + ["muon-cosine"])
  assert rows(muon)[0] == [0, 1]


def test_a_rate_of_its_own_for_each_cell_is_no_other_rate():
  sizes = at_rates([0.1, 0.1, 0.3, 0.3], model_params=[10, 10, 20, 20])
  assert rows(sizes) == ([0, 1, 2, 3], None)
  # as many of each: nothing says which is usual
  assert rows(at_rates([0.1, 0.3])) == ([0, 1], None)
  unknown = at_rates([float("nan")] * 2)  # of another trainer
  assert rows(unknown) == ([0, 1], None)
  pretraining = at_rates([0.1, 0.1, 0.5], domain=["a", "a", None])
  assert rows(pretraining)[0] == [0, 1, 2]


def test_runs_that_inject_decide_which_rate_is_usual():
  swept = at_rates([0.1, 0.3, 0.3, 0.1], injection=[0.0, 0.0, 0.0, 0.05])
  assert rows(swept)[0] == [0, 3]


def test_text_that_was_chosen_is_left_out_of_replay_sources():
  table = pd.DataFrame(
    dict(
      run=["plain", "own", "self", "chosen", "running", "pretraining"],
      domain=["kjv"] * 5 + [None],
      injection=[0.0, 0.1, 0.1, 0.1, 0.1, 1.0],
      replay_source=["own", "own", "self-t1", "own", "self-t1", "own"],
      replay=[None, None, "from-self-t1", "uniform", "from-self-t1", None],
      status=["done"] * 4 + ["running", "done"],
    )
  )
  kept = records.by_replay_source(table)
  assert [*kept["run"]] == ["plain", "own", "self"]
  assert records.by_replay_source(table, domain="wiki_fr").empty
  with pytest.raises(InputError, match="no column replay_source"):
    records.by_replay_source(table.drop(columns="replay_source"))


def test_what_the_parent_wrote_stands_for_a_corpus_that_is_not_to_be_had():
  table = pd.DataFrame(
    dict(
      run=["plain", "self", "wiki", "control"],
      domain=["kjv"] * 3 + [None],
      replay_source=[None, "self-t1", "wiki", "self-t1"],
      replay=[None, "from-self-t1", "from-wiki", "control"],
    )
  )
  assert [*records.random_injection(table)["run"]] == ["plain", "self"]
  assert "self-t1, stands for it" in (records.replay_line(table) or "")
  table.loc[len(table)] = ["own", "kjv", "own", None]
  assert [*records.random_injection(table)["run"]] == ["plain", "own"]
  assert records.replay_line(table) is None


def test_a_part_of_a_study_is_read_as_the_whole_says():
  table = pd.DataFrame(
    dict(
      run=["plain", "self", "own"],
      domain=["kjv"] * 3,
      injection=[0.0, 0.1, 0.1],
      replay_source=[None, "self-t1", "own"],
      replay=[None, "from-self-t1", None],
      status=["done", "done", "running"],
    )
  )
  kept = records.by_replay_source(table)
  assert [*kept["replay_source"].dropna()] == ["self-t1"]
  written = records.by_chance(table[:2])
  assert [*written["replay_source"].dropna()] == ["own"]
  pd.testing.assert_frame_equal(records.by_chance(written), written)
