"""A verdict by tolerances, and how it is told."""

import dataclasses
import json

import pytest

from forgetting.config import InputError
from forgetting.laws.gate import Tolerance, Verdict
from forgetting.laws.gate_accuracies import Accuracy
from forgetting.laws.gate_changes import SourceChange


def change(source, bits, error=0.001):
  nats = bits * 2
  return SourceChange(
    source=source, sequences=64, tokens=4096, bytes=16384, base=2.5,
    tuned=2.5 + nats, change=nats, error=2 * error, base_bits=1.0,
    tuned_bits=1 + bits, change_bits=bits, error_bits=error, halves=0.0002,
    layout=1e-7,
  )  # fmt: skip


def verdict(*changes, tolerance=None, progress=None):
  text = ("wiki", 0.7, "a | text\nof two lines " + "x" * 200)
  return Verdict(
    "base",
    "tuned",
    128,
    changes,
    tolerance or Tolerance(),
    (text,),
    (text,),
    progress,
  )


def test_each_source_and_their_mean_are_gates():
  kept = verdict(change("wiki", 0.04), change("code", 0.01))
  assert not kept.broken and "kept" in kept.headline
  one = verdict(change("wiki", 0.06), change("code", -0.05))
  assert one.broken == ("wiki",)
  mean = verdict(change("wiki", 0.04), change("code", 0.04))
  assert mean.broken == ("the mean of all",)
  assert "the mean of all +0.0400 (tolerance" in mean.headline
  assert verdict(change("wiki", float("nan"))).broken


def test_a_verdict_within_the_noise_says_so():
  far = verdict(change("wiki", 0.02))
  assert not far.near and "noise of it" not in far.headline
  close = verdict(change("wiki", 0.0295))
  assert close.near and "within the noise of it (two" in close.headline
  clear = verdict(change("wiki", 0.5), change("code", 0.049))
  assert not clear.near


def test_accuracies_stand_beside_the_losses():
  found = Accuracy("arc", "acc", 0.5, 0.25, 0.03, 0.04)
  told = dataclasses.replace(verdict(change("wiki", 0.01)), accuracies=(found,))
  row = [x for x in told.markdown.splitlines() if x.startswith("| arc")]
  assert row == ["| arc | acc | 0.5000 | 0.2500 | -0.2500 ± 0.0500 |"]
  assert "-0.2500 ± 0.0500" in str(told)
  assert told.as_dict()["accuracies"][0]["tuned"] == 0.25
  assert not told.broken  # it is told, and no part of the verdict
  assert "accuracies" not in str(verdict(change("wiki", 0.01)))


def test_words_json_and_markdown_say_the_same():
  told = verdict(change("wiki", 0.06), change("code", 0.01), progress=12.3)
  for text in (str(told), told.markdown):
    assert "FORGOT TOO MUCH: wiki" in text
    assert "+0.0600 ± 0.0010" in text and "12.3 % of pretraining undone" in text
  table = [x for x in told.markdown.splitlines() if x.startswith("|")]
  assert len({line.count("|") for line in table}) == 1 and len(table) == 5
  data = json.loads(json.dumps(told.as_dict()))
  assert data["kept"] is False and data["broken"] == ["wiki", "the mean of all"]
  assert data["sources"][0]["change_bits"] == 0.06
  assert max(map(len, str(told).splitlines())) < 200


def test_tolerances_are_two_positive_numbers():
  assert Tolerance.parse("0.1, 0.02") == Tolerance(0.1, 0.02)
  for text in ("0.1", "a,b", "0.1,-1", "nan,1"):
    with pytest.raises(InputError, match="expected two positive numbers"):
      Tolerance.parse(text)
