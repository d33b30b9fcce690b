"""The numbers that the page's own figures are drawn from."""

import json
import re

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


def test_nothing_to_draw_is_nothing_in_the_page(small):
  for result in small.glob("*kjv*/result.json"):
    result.unlink()
  assert explorer.data(evidence.read(small), None, small) == ""
