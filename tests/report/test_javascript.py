"""The laws in the page's JavaScript say what they say in Python."""

from dataclasses import replace
import json
import shutil
import subprocess

import numpy as np
from planted_laws import random_points
import pytest

from forgetting import laws
from forgetting.config import InputError, amounts
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


WRITTEN = (
  "400k", "1.3B", "5%", "1,000,000", "0.05", "1e6", " 12 ", "1_000", "2 T",
  "−3", "+4", "1.5e-3 %", ".5", "5.", "",  "many", "1,00", "1.2.3", "k", "0,05",
  "012", "3 k %",
)  # fmt: skip


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_page_reads_numbers_as_the_command_line_does():
  program = (
    f"{template_files.text('amounts.js')}\n"
    f"console.log(JSON.stringify({json.dumps(WRITTEN)}.map(amounts.read)))"
  )
  done = subprocess.run(
    ["node", "-e", program], capture_output=True, text=True, check=True
  )
  told = json.loads(done.stdout)
  for text, found in zip(WRITTEN, told, strict=True):
    expected = amounts.number(text)
    if expected is None:
      assert found is None, text
      continue
    value = found["value"] / (100 if found["percent"] else 1)
    assert value == pytest.approx(expected), text
