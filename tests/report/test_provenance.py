"""What was run."""

import pandas as pd
from planted_study import page_of

from forgetting.records import RunDirectory


def test_the_exact_text_is_shown(small):
  directory = RunDirectory(sorted(small.glob("*kjv*"))[0])
  about = dict.fromkeys(
    ("documents", "dropped", "split_rule", "tokenizer", "context"), "12 of it"
  )
  about |= dict(name="kjv", licence="public domain", source="a==1 sha256:abc")
  about |= dict(train_sha256="12" * 32, validation_sha256="34" * 32)
  directory.write_result(directory.result() | {"data": {"kjv": about}})
  shown = page_of(small).text
  for told in ("a==1 sha256:abc", "public domain", "12" * 8, "34" * 8):
    assert told in shown
  assert pd.read_csv(small / "data.csv")["source"].tolist() == [about["source"]]


def test_diverged_run_is_told_and_left_out(small):
  directory = RunDirectory(sorted(small.glob("*kjv*"))[0])
  directory.write_result(
    dict(
      status="diverged",
      stop_reason="found pretrain_loss nan",
      steps=3,
      tokens=9,
    )
  )
  page = page_of(small)
  assert "found pretrain_loss nan" in page.text
  table = pd.read_csv(small / "figures" / "injection.csv")
  assert (table["kind"] == "measured").sum() == 7


def test_half_done_study(small):
  done = sorted(small.glob("*kjv*"))
  for directory in done[:3]:
    (directory / "result.json").unlink()
  (done[3] / "result.json").unlink()
  (done[3] / "records.jsonl").unlink()
  page = page_of(small)
  assert "4 done, 4 unfinished fine-tunings" in page.text
  assert sum("unfinished" in row for row in page.rows) == 4
