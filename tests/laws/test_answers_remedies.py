import json

import pandas as pd
import planted_remedies

from forgetting.laws import answers_remedies
from forgetting.storage import finite_json


def answered(**more):
  runs = pd.DataFrame(dict(status=["done"] * 9 + ["unfinished"]))
  return answers_remedies.remedies(
    planted_remedies.curves(), runs, planted_remedies.blends(), **more
  )


def test_a_line_a_remedy_and_what_is_missing():
  text = answered(progress=0.9).text
  lines = {" ".join(line.split()) for line in text.splitlines()}
  assert "plain plain 2/2 0.9000 +- 0.0180 0.0000 0 1.00" in lines
  assert any(
    line.startswith("lora lora-r4, lr 0.01 1/1 0.5400") for line in lines
  )
  assert "lr lr 0.0001 0/1 not reached - - -" in lines
  assert (
    "kl + injection: kl-target-1 removes 0.4500, p 0.05 0.3000, both 0.6000 of"
    " 0.7500 were they to add"
  ) in lines
  assert "not all is in it: 1 unfinished" in lines


def test_the_same_as_json():
  data = json.loads(finite_json.dumps(answered(progress=0.9).data))
  (cell,) = data["cells"]
  assert cell["cell"] == dict(
    domain="kjv", model_params=1000, target_tokens=5000
  )
  assert data["undone"] == {"unfinished": 1}
  assert {arm["remedy"] for arm in cell["best"]} >= {
    "plain",
    "lora",
    "averaging",
  }
  (pair,) = cell["together"]
  assert pair["both"]["arm"] == "kl-target-1, p 0.05"
