"""The laws in the page's JavaScript say what they say in Python."""

from dataclasses import replace
import json
import shutil
import subprocess

import numpy as np
from planted_laws import random_points
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws.law import advisable
from forgetting.report import javascript, template_files

NAMES = sorted({name for name, _ in advisable()} | {"target"})


def by_node(script: str, points: dict) -> list[float]:
  """Losses of all lanes as the page's script computes them."""
  program = (
    f"{script}\n{template_files.text('law.js')}\n"
    "const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
    "console.log(JSON.stringify(asked.lanes.map((q) =>\n"
    "  lossAt(asked, q, asked.at, asked.base))));"
  )
  done = subprocess.run(
    ["node", "-e", program],
    input=json.dumps(points), capture_output=True, text=True, check=True,
  )  # fmt: skip
  return json.loads(done.stdout)


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
@pytest.mark.parametrize("name", NAMES)
def test_every_advisable_law_is_the_same_in_node(name):
  points = random_points(laws.LAWS[name])
  shown = by_node(javascript.forms([laws.LAWS[name]]), points)
  as_floats = np.array([points["expected"], shown], float)
  assert np.isfinite(as_floats[0]).mean() > 0.5
  np.testing.assert_allclose(as_floats[1], as_floats[0], rtol=1e-9)


@pytest.mark.parametrize("name", ["mu", "nu", "kappa", "G", "E"])
def test_the_optional_parameters_are_in_the_page(name):
  assert f"q.{name}" in javascript.form(laws.LAWS["forgetting"])


def test_every_registered_law_can_be_written():
  text = javascript.forms(laws.LAWS.values())
  for name in laws.LAWS:
    assert f'"{name}": (q, at, s, base) =>' in text


def test_a_law_that_cannot_be_written_is_told():
  law = replace(
    laws.LAWS["replay_log"], terms=lambda v, q: {"A": 1.0, "C": np.cos(v.p)}
  )
  with pytest.raises(InputError, match=r"law replay_log: numpy's cos"):
    javascript.form(law)
