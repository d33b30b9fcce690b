import json
import pathlib

import public_models
import pytest

from forgetting.config import InputError
from forgetting.config.study_file import load_study

CHECKPOINTS = ("checkpoint.py", "smollm2.py", "smollm2_replay.py")
CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def checkpoint(folder: pathlib.Path) -> pathlib.Path:
  """What a study reads of a public checkpoint before it runs."""
  told = public_models.CONFIGS["llama"] | dict(max_position_embeddings=512)
  (folder / "config.json").write_text(json.dumps(told))
  return folder


def test_every_shipped_config_builds(tmp_path):
  files = sorted({*CONFIGS.glob("*.py")} - {CONFIGS / "sizes.py"})
  assert files
  for file in files:
    # one that asks for a checkpoint is given one
    takes = file.name in CHECKPOINTS
    models = (str(checkpoint(tmp_path)),) if takes else ()
    runs = load_study(str(file), models=models).ordered()
    names = [run.name for run in runs]
    assert len(set(names)) == len(names)
    assert {need for run in runs for need in run.needs} <= {*runs}


def test_domains_of_a_config_can_be_replaced():
  study = load_study(str(CONFIGS / "quickstart.py"), domains=("./letters.txt",))
  assert {run.domain for run in study.runs} == {"./letters.txt"}
  assert "-letters-" in study.runs[0].name


def test_misspelt_field_in_a_study_file_is_one_line(tmp_path):
  file = tmp_path / "typo.py"
  file.write_text(
    "from forgetting.config import Optimizer\n"
    "def study():\n  return Optimizer(peek_lr=1e-3)\n"
  )
  with pytest.raises(InputError, match="has no field 'peek_lr'") as error:
    load_study(str(file))
  assert "did you mean 'peak_lr'?" in str(error.value)
  assert "\n" not in str(error.value)


@pytest.mark.parametrize(
  ("content", "line"),
  [
    ("x = 1", "defines no study"),
    ("def study(): return 3", "gave a int, expected a Study"),
    ("def study(:", "line 1"),
  ],
)
def test_files_that_are_no_study(tmp_path, content, line):
  file = tmp_path / "bad.py"
  file.write_text(content)
  with pytest.raises(InputError, match=line):
    load_study(str(file))
  with pytest.raises(InputError, match="no such file"):
    load_study(str(tmp_path / "absent.py"))


def test_other_pretraining_text_is_another_study():
  quickstart = load_study(str(CONFIGS / "quickstart.py"))
  other = load_study(
    str(CONFIGS / "quickstart.py"), pretraining=("mix", "./my text")
  )
  assert quickstart.name == "quickstart"
  assert other.name == "quickstart-mix-my_text"
  assert {run.pretraining for run in other.ordered()} == {("mix", "./my text")}


@pytest.mark.parametrize(
  ("code", "line"),
  [
    ("import quickstarts", "ModuleNotFoundError at line 1: No module named"),
    ("def study():\n  return 1 / 0", "ZeroDivisionError at line 2: division"),
    # its own line, not that of what it calls
    (
      "import json\ndef study():\n  return json.loads('x')",
      "mine.py: JSONDecodeError at line 3: ",
    ),
    ("def study():\n  return 1 + 'x'", "mine.py: TypeError at line 2: unsup"),
    ("def study(x):\n  return 1", "mine.py: study.. missing 1 required"),
    (
      "from forgetting.config import Replay\n"
      "def study():\n  return Replay(pools=3)",
      "Replay has no field 'pools'; it has .*did you mean 'pool'",
    ),
  ],
)
def test_what_fails_in_a_study_file_is_one_line(tmp_path, code, line):
  file = tmp_path / "mine.py"
  file.write_text(code)
  with pytest.raises(InputError, match=line) as caught:
    load_study(str(file))
  assert "\n" not in str(caught.value)


def test_a_config_file_named_without_its_folder_is_meant(tmp_path, monkeypatch):
  monkeypatch.chdir(CONFIGS.parent)
  with pytest.raises(InputError, match="did you mean configs/smoke.py"):
    load_study("smoke")


@pytest.mark.parametrize(
  ("call", "line"),
  [
    (
      "Model(layers=2, width=16)",
      "mine.py: Model.heads: found nothing, expected a value",
    ),
    ("Run(steps=3)", "Run.batch_size, Run.injection, Run.model, Run.optimizer"),
    ("Saves(often=3)", "Saves has no field 'often'"),
    ("Numerics(remate='full')", "Numerics has no field 'remate'.*'remat'"),
    ("Evaluation(3)", "takes 1 positional argument but 2 were given"),
    ("int('a', b='c')", "mine.py: "),
    ("Evaluation(points='many')", "^Evaluation.points: found 'many', expected"),
  ],
)
def test_a_config_made_wrongly_is_one_line_whichever_it_is(
  tmp_path, call, line
):
  file = tmp_path / "mine.py"
  file.write_text(
    "from forgetting.config import Evaluation, Model, Run\n"
    "from forgetting.config.model import Numerics\n"
    "from forgetting.config.saves import Saves\n"
    f"def study():\n  return {call}\n"
  )
  with pytest.raises(InputError, match=line) as caught:
    load_study(str(file))
  assert "\n" not in str(caught.value)
