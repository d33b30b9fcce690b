"""The figure of what replay sources protect."""

import numpy as np
import pandas as pd

from forgetting.associations.protection import Protection
from forgetting.report import figure_protection


def protection(sources=("own", "medical", "self-t1")) -> Protection:
  draw = np.random.default_rng(0)
  return Protection(
    injection=0.2,
    cells=2,
    sources=sources,
    id=np.array([f"{i:02x}" for i in range(20)]),
    text=np.repeat(["far", "near"], 10),
    without=1 + draw.random(20),
    left=np.linspace(0.2, 0.9, len(sources))[:, None] + draw.random(20),
  )


def test_it_is_drawn_from_the_table_beside_it(tmp_path):
  found = protection()
  told = figure_protection.write(found, tmp_path)
  assert told == f"figure: {tmp_path}/protection (.png, .svg, .pdf, .csv)"
  table = pd.read_csv(tmp_path / "protection.csv", dtype={"example": str})
  assert len(table) == 60 and {*table.text} == {"far", "near"}
  svg = (tmp_path / "protection.svg").read_text()
  for words in ("self-t1", "all text", "20 % of replay", "A point an example"):
    assert words in svg


def test_what_the_model_wrote_is_drawn_beside_the_corpus_else_the_best():
  assert figure_protection.shown_beside_own(protection()) == "self-t1"
  several = protection(("own", "self-t0.7", "self-t1", "smiles"))
  assert figure_protection.shown_beside_own(several) == "self-t0.7"
  without = protection(("own", "pool4", "smiles"))
  assert figure_protection.shown_beside_own(without) == "pool4"
