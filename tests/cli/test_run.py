"""`forgetting run`: a list of runs, or one of them done."""

import json

from command import CONFIGS, called
import pytest

from forgetting.study import single

SMOKE = CONFIGS / "smoke.py"


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    ((), "expected a CONFIG, or --study CONFIG, one of them"),
    ((SMOKE, "--study", SMOKE), "one of them"),
    ((SMOKE, "--keep-best"), "--keep-best: found it with neither --index nor"),
    ((SMOKE, "--save-every", "5"), "expected it with --index or --name"),
    (
      (SMOKE, "--index", "0", "--json", "-"),
      "--json: found it with --index",
    ),
    ((SMOKE, "--index", "0", "--name", "a"), "--index or --name, one of them"),
    ((SMOKE, "--log", "wandb"), "--log: found it with neither --index nor"),
    ((SMOKE, "--index", "0", "--log", "x"), "--log: found 'x', expected tens"),
    ((SMOKE, "--index", "99"), "index: found 99, expected 0 to"),
    ((SMOKE, "--name", "a"), "name: found 'a', expected a run of smoke"),
  ],
)
def test_bad_input_is_one_line(arguments, line, tmp_path):
  done = called("run", *arguments, cwd=tmp_path)
  assert done.returncode == 2
  assert line in done.stderr
  assert len(done.stderr.splitlines()) == 1


def test_without_a_run_it_lists_them_in_words_or_json(tmp_path):
  done = called("run", SMOKE, "--root", tmp_path, "--json", "-")
  states = json.loads(done.stdout)
  assert states[0]["index"] == 0 and states[0]["state"]
  plain = called("run", "--study", SMOKE, "--root", tmp_path).stdout
  assert len(plain.splitlines()) == len(states)
  assert states[-1]["run"] in plain


def test_a_run_is_done_with_its_options_and_its_code_passed_on(
  monkeypatch, tmp_path
):
  asked = []

  def do(study, run, **options):
    asked.append((study.name, run.name, options))
    return single.PARENT_MISSING

  monkeypatch.setattr(single, "do", do)
  done = called(
    "run", SMOKE, "--index", "0", "--save-every", "3", "--root", tmp_path,
    "--domain", "wiki_fr", "--pretraining", "mix",
  )  # fmt: skip
  assert done.returncode == 3
  ((study, name, options),) = asked
  assert study == "smoke-mix" and "-pretrain-" in name
  assert options["saves"].every == 3
  assert options["root"] == str(tmp_path)
