import json

import planted_remedies

from forgetting.laws import answers_remedies
from forgetting.storage import finite_json


def answered(**more):
  curves = planted_remedies.curves()
  return answers_remedies.remedies(
    curves, planted_remedies.runs(), planted_remedies.blends(), **more
  )


def test_a_line_a_remedy_and_what_is_missing():
  text = answered(progress=0.9).text
  lines = {" ".join(line.split()) for line in text.splitlines()}
  assert "plain plain 2/2 0.9000 +- 0.0180 0.0000 0 0 to 0 1.00 -" in lines
  assert any(
    line.startswith("lora lora-r4, lr 0.01 1/1 0.5400") for line in lines
  )
  assert "lr lr 0.0001 0/1 not reached - - - - -" in lines
  (pair,) = (line for line in lines if line.startswith("kl + injection:"))
  assert pair.startswith(
    "kl + injection: kl-target-1 removes 0.4500, p 0.05 0.3000, both 0.6000 of"
    " 0.7500 were they to add; beside it kl-target-1 keeps 0.67 +- 0.0"
  )
  assert pair.endswith(": adds in part")
  (stop,) = (line for line in lines if line.startswith("one-standard-error"))
  assert "target loss 2.0000 + " in stop


def test_what_a_half_done_study_lacks_is_named():
  rows = planted_remedies.runs()
  begun = rows[rows.run != "lora-r64-p0.0-lr0.01-s0"]
  begun.loc[begun.run == "full-p0.2-lr0.001-s0", "status"] = "unfinished"
  found = answers_remedies.remedies(
    planted_remedies.curves(), begun, planned=rows.drop(columns="status")
  )
  assert [
    (m["arm"], m["undone"], m["runs"]) for m in found.data["missing"]
  ] == [
    ("p 0.2", 1, 1),
    ("lora-r64, lr 0.01", 1, 1),
  ]
  assert (
    "missing: 2 runs are not done\n  kjv, 1,000 parameters, 5,000 target"
    " tokens: p 0.2 (1 of 1); lora-r64, lr 0.01 (1 of 1)"
  ) in found.text
  assert (
    "averaging and largest are missing: no run's best is kept" in found.text
  )


def test_memory_is_told_as_a_part_of_plain_fine_tuning_s():
  names = {r.run: 100.0 for r in planted_remedies.runs().itertuples()}
  names["lora-r4-p0.0-lr0.01-s0"] = 60.0
  lines = answered(progress=0.9, memory=names).text.splitlines()
  (lora,) = (line for line in lines if line.startswith("lora "))
  assert lora.endswith(" 0.60")


def test_a_study_of_adapters_alone_is_told_by_which():
  curves = planted_remedies.curves()
  curves = curves[curves.method.str.startswith("lora")]
  runs = planted_remedies.runs()
  text = answers_remedies.remedies(
    curves,
    runs[runs.run.isin(curves.run)],
    progress=0.5,
    memory={"lora-r4-p0.0-lr0.01-s0": 60.0, "lora-r64-p0.0-lr0.01-s0": 90.0},
  ).text
  head, _, plain, other, *_ = text.splitlines()
  assert head.endswith("50% of the way of plain fine-tuning by lora-r4")
  assert plain.split()[:3] == ["plain", "plain", "1/1"]
  assert other.split()[:3] == ["lora", "lora-r64", "1/1"]
  assert other.endswith(" 1.50")


def test_the_same_as_json():
  data = json.loads(finite_json.dumps(answered(progress=0.9).data))
  (cell,) = data["cells"]
  assert cell["cell"] == dict(
    domain="kjv", model_params=1000, target_tokens=5000
  )
  assert data["undone"] == {} and data["missing"] == []
  assert {arm["remedy"] for arm in cell["best"]} >= {
    "plain",
    "lora",
    "averaging",
  }
  (pair,) = cell["together"]
  assert pair["both"]["arm"] == "kl-target-1, p 0.05"
