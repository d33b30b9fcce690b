"""The documentation's own examples, and what importing the laws takes."""

from pathlib import Path
import re
import subprocess
import sys

import numpy as np
from planted_tables import planted
import pytest

from forgetting import laws

DOCS = Path(__file__).parents[2] / "docs" / "laws.md"


def snippets():
  return re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)


@pytest.mark.usefixtures("few_draws")
def test_the_documented_examples_run(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  planted().to_csv("runs.csv", index=False)
  n = np.geomspace(1e6, 1e9, 12)
  names = {
    "laws": laws,
    "np": np,
    "new_runs": planted().head(2),
    "table": {"model_params": n, "loss": 2 + 50 / n**0.3},
  }
  for snippet in snippets():
    exec(snippet, names)
  assert names["fits"]["kjv"].certificate.holds
  own = laws.fit(names["table"], names["law"])
  assert own.params["alpha"] == pytest.approx(0.3, rel=1e-5)
  body = next(s for s in snippets() if "laws.Law(" in s)
  assert len(body[: body.index("laws.fit")].strip().splitlines()) <= 12


def test_every_law_is_documented():
  text = DOCS.read_text()
  for name in laws.LAWS:
    assert f"`{name}`" in text


def test_laws_import_without_jax_tensorflow_or_scipy():
  code = (
    "import sys; from forgetting import laws; "
    "print([m for m in ('jax', 'tensorflow', 'scipy') if m in sys.modules])"
  )
  out = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, check=True
  )
  assert out.stdout.strip() == "[]"
