"""The numbers that the page's own figures are drawn from."""

import dataclasses
import json
import re

import numpy as np

from forgetting.report import evidence, explorer, tables


def known(html: str) -> dict:
  return json.loads(re.search(r">(.*)</script>", html, re.S)[1])


def test_every_cell_has_its_curves_with_the_best_among_them(small):
  found = evidence.read(small, titles={"kjv": "a <b>ible"})
  drawn = tables.injection(found, [])
  told = known(explorer.data(found, drawn, small))
  assert len(told["curves"]) == len(found.measured)
  assert told["titles"] == {"kjv": "kjv: a <b>ible"}
  for run in told["curves"]:
    steps = [row[0] for row in run["points"]]
    assert run["best"] in steps and len(steps) <= explorer.MOST + 1
  rows = told["injection"][0]["rows"]
  forgotten = sorted(found.measured["forgetting"].round(5))
  assert sorted(row["f"] for row in rows) == forgotten
  cell = told["first"]
  assert any(
    all(run[k] == v for k, v in cell.items()) for run in told["curves"]
  )


def test_a_long_curve_is_thinned_but_for_its_best(small):
  found = evidence.read(small)
  run = found.measured.iloc[0]
  steps = np.arange(1000, -1, -1)  # in whatever order the table has them
  one = found.curves[found.curves["run"] == run["run"]].iloc[[0] * len(steps)]
  long = one.assign(
    step=steps, pretrain_loss=3 + steps / 1e4, target_loss=2.0
  ).reset_index(drop=True)
  long.loc[long["step"] == 1 + 17 * 3, "pretrain_loss"] = np.nan
  runs = found.runs.assign(best_step=500.0)
  found = dataclasses.replace(found, curves=long, runs=runs)
  (told,) = known(explorer.data(found, None, small))["curves"]
  points = np.array(told["points"])
  assert [*points[:3, 0]] == [1, 18, 35]  # step 52 has no loss
  assert 500 in points[:, 0] and len(points) == 59
  np.testing.assert_allclose(points[:, 1], 3 + points[:, 0] / 1e4)


def test_nothing_to_draw_is_nothing_in_the_page(small):
  for result in small.glob("*kjv*/result.json"):
    result.unlink()
  assert explorer.data(evidence.read(small), None, small) == ""
