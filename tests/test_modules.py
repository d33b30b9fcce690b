"""Every module has a test file of its name, or is told here with the reason."""

import imports
from imports import ROOT

HERE = imports.read()
# module: the file that tests it, and why it is not one of its own name
ELSEWHERE: dict[str, tuple[str, str]] = {
  "__main__": ("cli/test_main.py", "the command in a process of its own"),
  "runs.options": ("runs/test_run.py", "fields that every run's test uses"),
}


def modules() -> list[str]:
  """`room.module` of everything that has code of its own."""
  names = (m.partition(".")[2] for m in HERE.files)
  return sorted(
    name
    for name in names
    if name and HERE.files[f"forgetting.{name}"].name != "__init__.py"
  )


def has_its_own(module: str) -> bool:
  """tests/training/test_decoder.py, say, of training.models.decoder."""
  room, name = module.split(".")[0], module.split(".")[-1]
  return (ROOT / "tests" / room / f"test_{name}.py").exists()


def test_every_module_has_a_test_of_its_name_or_a_reason():
  missing = [m for m in modules() if not has_its_own(m)]
  assert not {*missing} - {*ELSEWHERE}, "neither a test nor a reason"
  assert not {*ELSEWHERE} - {*missing}, "a reason that nothing needs"


def test_what_tests_it_elsewhere_is_there():
  for module, (file, reason) in ELSEWHERE.items():
    assert (ROOT / "tests" / file).is_file(), module
    assert reason, module
