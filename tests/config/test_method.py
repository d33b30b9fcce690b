import dataclasses
import json

import pytest

from forgetting.config import (
  EWC,
  KL,
  L2SP,
  Freeze,
  Full,
  InputError,
  LoRA,
  Run,
  canonical,
)

METHODS = (
  LoRA(rank=8),
  LoRA(rank=8, alpha=32, rslora=True, targets=("layers/up",)),
  LoRA(rank=4, base="bfloat16"),
  Freeze(parts=("embeddings",), layers=1),
  L2SP(strength=0.1),
  EWC(strength=0.1),
  EWC(strength=0.1, sequences=64),
  KL(strength=0.1),
  KL(strength=0.1, where="injected"),
)


def test_each_method_has_a_word_that_tells_it_from_all_others(finetuning):
  words = [method.word for method in METHODS]
  assert len(set(words)) == len(words)
  assert words[:2] == ["lora-r8", "lora-r8-a32-rs-layers.up"]
  for method in METHODS:
    run = dataclasses.replace(finetuning, method=method)
    assert f"-{method.word}-s0-" in run.name


def test_a_run_by_any_method_is_read_from_its_json(finetuning):
  for method in METHODS:
    run = dataclasses.replace(finetuning, method=method)
    read = canonical.from_dict(Run, json.loads(canonical.to_json(run)))
    assert read == run and read.name == run.name


def test_full_fine_tuning_leaves_config_and_name_as_they_were(finetuning):
  asked = dataclasses.replace(finetuning, method=Full())
  assert asked.name == finetuning.name
  assert "method" not in canonical.to_json(asked)


def test_strengths_are_no_part_of_a_program_and_all_else_is():
  assert L2SP(strength=3).program == L2SP(strength=0.1).program
  assert KL(strength=3).program != KL(strength=3, where="injected").program
  assert LoRA(rank=3).program != LoRA(rank=4).program
  assert L2SP(strength=3).traced == 3 and Full().traced == 0


@pytest.mark.parametrize(
  ("make", "line"),
  [
    (lambda: LoRA(rank=0), r"LoRA.rank: found 0, expected a whole number"),
    (lambda: LoRA(rank=1, targets=("q", "q")), r"LoRA.targets: found"),
    (lambda: LoRA(rank=1, kind="full"), r"LoRA.kind: found 'full'"),
    (lambda: Freeze(), r"Freeze.parts: found \(\), expected a part"),
    (lambda: Freeze(parts=("tail",)), r"Freeze.parts: found \('tail',\)"),
    (lambda: L2SP(strength=0), r"L2SP.strength: found 0, expected a number"),
    (lambda: KL(strength=1, where="all"), r"KL.where: found 'all'"),
  ],
)
def test_bad_values_are_named(make, line):
  with pytest.raises(InputError, match=line):
    make()


def test_a_pretraining_has_no_base_and_p_0_nothing_injected(finetuning):
  with pytest.raises(InputError, match=r"Run\.method: found 'lora-r8'"):
    dataclasses.replace(finetuning.parent, method=LoRA(rank=8))
  method = KL(strength=1, where="injected")
  with pytest.raises(InputError, match=r"Run\.injection: found 0.0, expected"):
    dataclasses.replace(finetuning, injection=0, method=method)
