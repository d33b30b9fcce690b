"""The verb that shows what a model writes."""

import pytest
from small import options_in
import tiny_checkpoint

from forgetting.cli.main import app
from forgetting.config import InputError


def sample(*arguments):
  return app.parse(["sample", *map(str, arguments)], description="")()


def test_text_follows_from_the_seed(finetuning, with_parent, capsys):
  run = options_in(with_parent).study.of(finetuning.parent).path

  def said(*more):
    assert sample(run, "--count", 2, "--prompt", "The ", *more) == 0
    return capsys.readouterr().out

  found = said()
  assert found.count("--- ") == 2 and found.count("\nThe ") == 2
  assert found == said()
  assert found != said("--seed", 1)


def test_a_public_checkpoint_writes_with_its_own_tokenizer(tmp_path, capsys):
  model = tiny_checkpoint.write(tmp_path / "base")
  asked = ("--context", 12, "--count", 1, "--prompt", "Ab")
  assert sample(model, *asked, "--temperature", 0) == 0
  assert "\nAb" in capsys.readouterr().out


@pytest.mark.parametrize("temperature", [0, 1])
def test_a_model_of_no_numbers_writes_nothing(tmp_path, temperature):
  model = tiny_checkpoint.write_broken(tmp_path / "broken")
  with pytest.raises(InputError, match=f"^{model}: found logits that are not"):
    sample(model, "--context", 12, "--temperature", temperature)


@pytest.mark.parametrize(
  ("option", "value", "told"),
  [
    ("--top-p", "0", "above 0, at most 1"),
    ("--count", "0", "1 or more"),
    ("--prompt", "x" * 40, "fewer than the 32"),
    ("--context", "64", "32, at which"),
  ],
)
def test_what_cannot_be_is_told_in_a_line(
  option, value, told, finetuning, with_parent
):
  run = options_in(with_parent).study.of(finetuning.parent).path
  with pytest.raises(InputError, match=f"{option}: found .*{told}"):
    sample(run, option, value)
