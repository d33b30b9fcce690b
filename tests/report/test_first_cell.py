"""The figure of the first cell, and the line about it."""

import shutil

from planted_study import SIZES, TOKENS, plant

from forgetting.report import first_cell


def test_it_is_drawn_and_told(tmp_path):
  study = plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:1])
  line = first_cell.show(study)
  figure = study / "figures" / "u_curves.png"
  assert figure.stat().st_size > 10_000
  assert line.startswith("first cell: kjv, ")
  assert " 12.8k target tokens: forgets 0." in line
  assert " at p = 0, 0." in line and " at p = 0.2 (nats a token)" in line
  assert line.endswith(f"see {figure}")


def test_what_cannot_be_drawn_ends_no_study(tmp_path):
  study = plant(tmp_path, domains=("kjv",), sizes=SIZES[:1], tokens=TOKENS[:1])
  for records in study.glob("*/records.jsonl"):
    records.unlink()
  assert "needs curves" in first_cell.show(study)
  shutil.rmtree(study)
  assert "no figure: " in first_cell.show(study)
