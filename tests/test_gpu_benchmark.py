"""The command for a GPU: every part in miniature, and parts that fail."""

import argparse
import pathlib
import subprocess
import sys

import pytest

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
  """The module, as a script beside the others imports it."""
  monkeypatch.syspath_prepend(str(BENCHMARKS))
  import gpu

  return gpu


def asked(**changes) -> argparse.Namespace:
  options = dict(torch=sys.executable, chip="cpu", small=True, seconds=30.0)
  return argparse.Namespace(**options | changes)


def test_all_parts_together_stay_below_eight_minutes(gpu):
  assert gpu.MOST < 480
  assert {*gpu.SECONDS} == {*gpu.gpu_parts.PARTS}


def test_a_part_that_fails_or_is_late_is_a_row(gpu):
  (row,) = gpu.rows_of("mfu", asked(chip="abacus"))
  assert row["ours"] == "failed" and "abacus" in row["failure"]
  (row,) = gpu.rows_of("mfu", asked(seconds=0.001))
  assert row["failure"] == "not done in 0 s"


def test_a_peer_that_is_not_there_is_told_in_its_column(gpu):
  parts = gpu.gpu_parts
  assert parts.missing(sys.executable, "json", "no_such") == (
    "no_such is not installed"
  )
  assert parts.missing(sys.executable, "json") == ""
  say = "{:.1f}".format
  (row,) = parts.compared("rate", 2.0, None, say, "torch is not installed")
  assert gpu.cells(row) == "| rate | 2.0 | torch is not installed |  |"
  (row,) = parts.compared("rate", 2.0, 4.0, say, "PyTorch")
  assert gpu.cells(row) == "| rate | 2.0 | PyTorch 4.0 | 0.50 |"
  (row,) = parts.compared("rate", None, 4.0, say, "PyTorch")
  assert gpu.cells(row) == "| rate | failed | PyTorch 4.0 |  |"
  assert not [*parts.compared("rate", None, None, say, "PyTorch")]


@pytest.mark.slow
def test_it_runs_in_miniature():
  command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--small"]
  done = subprocess.run(
    [*command, "--chip", "cpu", "--seconds", "5"],
    capture_output=True,
    text=True,
  )
  assert done.returncode == 0, done.stdout + done.stderr
  for what in (
    *("bit for bit", "MFU at toy", "fleet of 4 x", "llama, LoRA, tokens/s"),
    *("formula", "passed", "s in all"),
  ):
    assert what in done.stdout
