"""lm-evaluation-harness is asked by its command; here mostly a stand-in."""

import json
import os
import pathlib
import sys

import pytest
import tiny_checkpoint

from forgetting.config import InputError
from forgetting.runs import accuracies, sides

# leaves what the harness leaves: DIR/MODEL/results_DATE.json
STAND_IN = """#!{python}
import json, pathlib, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if given["--tasks"] == "nowhere":
  print("loading", file=sys.stderr)
  sys.exit("ValueError: Tasks not found: nowhere\\nwhile looking")
out = pathlib.Path(given["--output_path"], "a__model")
out.mkdir(parents=True)
found = {{"acc,none": 0.5, "acc_stderr,none": 0.1, "given": given}}
results = {{task: found for task in given["--tasks"].split(",")}}
text = json.dumps({{"results": results}})
(out / "results_2026-01-01T00-00-00.json").write_text(text)
"""


@pytest.fixture
def harness(tmp_path, monkeypatch):
  folder = tmp_path / "bin"
  folder.mkdir()
  file = folder / "lm_eval"
  file.write_text(STAND_IN.format(python=sys.executable))
  file.chmod(0o755)
  monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def pair(tmp_path):
  base = tiny_checkpoint.write(tmp_path / "base")
  tuned = tiny_checkpoint.write(tmp_path / "tuned", seed=1)
  return sides.pair(str(base), str(tuned), context=32)


@pytest.mark.usefixtures("harness")
def test_both_models_are_asked_the_tasks(pair):
  before, after = accuracies.measure(*pair, ["hellaswag", "mine.yaml"])
  assert [*before] == [*after] == ["hellaswag", "mine.yaml"]
  asked = [found["hellaswag"]["given"] for found in (before, after)]
  for side, given in zip(pair, asked, strict=True):
    assert given["--model"] == "hf"
    assert given["--tasks"] == "hellaswag,mine.yaml"
    assert given["--model_args"] == f"pretrained={side.path}"


@pytest.mark.usefixtures("harness")
def test_an_adapter_is_given_with_its_base(pair, tmp_path):
  base, _ = pair
  adapter = tmp_path / "adapter"
  adapter.mkdir()
  over = sides.Side(
    str(adapter), "adapter", base.model, base.tokenizer, base.load
  )
  _, found = accuracies.measure(base, over, ["x"])
  told = found["x"]["given"]["--model_args"]
  assert told == f"pretrained={base.path},peft={adapter}"


@pytest.mark.usefixtures("harness")
def test_what_it_fails_by_is_one_line(pair):
  with pytest.raises(InputError, match="code 1: ValueError: Tasks not found"):
    accuracies.measure(*pair, ["nowhere"])


def test_without_it_the_line_says_what_to_install(monkeypatch, tmp_path):
  monkeypatch.setenv("PATH", str(tmp_path))
  monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
  with pytest.raises(InputError, match="pip install .forgetting.evals"):
    accuracies.program()


ROOT = pathlib.Path(__file__).parents[2]
REAL = ROOT / ".venv-evals" / "bin" / "lm_eval"
TASK = """task: tiny
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{answer}}}}"
metric_list: [{{metric: acc}}]
"""


@pytest.mark.slow
def test_the_harness_answers_a_task_of_this_machine(
  pair, tmp_path, monkeypatch
):
  if not REAL.exists():
    pytest.skip("needs .venv-evals: make evals")
  monkeypatch.setenv("PATH", f"{REAL.parent}{os.pathsep}{os.environ['PATH']}")
  data = tmp_path / "tiny.jsonl"
  row = dict(question="the law of", choices=[" the sea", " a b"], answer=0)
  data.write_text(4 * (json.dumps(row) + "\n"))
  task = tmp_path / "tiny.yaml"
  task.write_text(TASK.format(data=data))
  words = dict(bos_token="<s>", eos_token="</s>")  # it asks the tokenizer
  for side in pair:
    config = pathlib.Path(side.path, "tokenizer_config.json")
    known = json.loads(config.read_text()) if config.exists() else {}
    named = dict(tokenizer_class="PreTrainedTokenizerFast")
    config.write_text(json.dumps(known | named | words))
  before, _ = accuracies.measure(*pair, [str(task)])
  assert before["tiny"]["acc,none"] in (0, 1)
