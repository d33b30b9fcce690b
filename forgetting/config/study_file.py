"""A study file: Python that defines `study() -> Study`."""

from collections.abc import Iterator, Sequence
import contextlib
import dataclasses
import importlib.util
import os
import re
import sys
import traceback

from forgetting.config import study_arguments
from forgetting.config.canonical import missing_fields, unknown_field
from forgetting.config.checks import Config
from forgetting.config.errors import InputError
from forgetting.config.names import domain_name
from forgetting.config.study import Study


def load_study(
  path: str,
  *,
  domains: tuple[str, ...] = (),
  pretraining: tuple[str, ...] = (),
  models: tuple[str, ...] = (),
  arguments: Sequence[str] = (),
) -> Study:
  """Runs the `study()` of a config file.

  Args:
    path: a Python file that defines `study() -> Study`.
    domains, pretraining, models: given to `study(domains=...,
      pretraining=..., models=...)`, each when it is not empty.
    arguments: others of `study`, as in "seeds=0,1": `study_arguments.typed`.

  Raises:
    InputError: no such file, no `study`, or a config that does not hold.
    NotFetched: it asks what a checkpoint of the hub is that is not here.
  """
  if not os.path.isfile(path):
    meant = f"configs/{path}.py"
    hint = f"; did you mean {meant}?" if os.path.isfile(meant) else ""
    raise InputError(
      f"{path}: no such file, expected a Python study file{hint}"
    )
  spec = importlib.util.spec_from_file_location("study_file", path)
  if spec is None or spec.loader is None:
    raise InputError(f"{path}: not a Python file, expected one with study()")
  module = importlib.util.module_from_spec(spec)
  try:
    with _importable(os.path.dirname(os.path.abspath(path))):
      spec.loader.exec_module(module)
    if not hasattr(module, "study"):
      raise InputError(f"{path}: defines no study(), expected one: a Study")
    text = dict(domains=domains, pretraining=pretraining, models=models)
    given = study_arguments.typed(module.study, arguments, path)
    for name, value in text.items():
      if value and name in given:
        raise InputError(
          f"--set {name}: found it with --{name.rstrip('s')} too"
        )
      if value:
        given[name] = value
    study = module.study(**given)
  except SyntaxError as error:
    raise InputError(f"{path}, line {error.lineno}: {error.msg}") from error
  except InputError:
    raise
  except Exception as error:  # whatever a user's own Python does
    told = _explain(error) or _with_line(error, path)
    raise InputError(f"{path}: {told}") from error
  if not isinstance(study, Study):
    raise InputError(
      f"{path}: study() gave a {type(study).__name__}, expected a Study"
    )
  if pretraining := given.get("pretraining", ()):
    # losses on other pretraining text do not belong into one fit
    words = "-".join(domain_name(source) for source in pretraining)
    study = dataclasses.replace(study, name=f"{study.name}-{words}")
  return study


@contextlib.contextmanager
def _importable(folder: str) -> Iterator[None]:
  """As for a script: a study file may import the files beside it."""
  sys.path.insert(0, folder)
  try:
    yield
  finally:
    sys.path.remove(folder)


def _with_line(error: Exception, path: str) -> str:
  """An error with the line of the study file that it came from."""
  frames = traceback.extract_tb(error.__traceback__)
  own = [frame for frame in frames if _same(frame.filename, path)]
  last = (own or frames)[-1]
  told = " ".join(str(error).split())
  if last.filename == __file__:  # of the call of study() itself
    return told
  of = "" if own else f" of {last.filename}"
  return f"{type(error).__name__} at line {last.lineno}{of}: {told}"


def _same(one: str, other: str) -> bool:
  return os.path.realpath(one) == os.path.realpath(other)


def _explain(error: Exception) -> str | None:
  """Fields that are misspelt or missing are told by their names."""
  if not isinstance(error, TypeError):
    return None
  found = re.match(r"(\w+)\.__init__\(\) (.*)", str(error))
  config = _configs().get(found[1]) if found else None
  if found is None or config is None:
    return None
  names = re.findall(r"'(\w+)'", found[2])
  if "unexpected keyword argument" in found[2]:
    return unknown_field(config, names[0])
  if "missing" in found[2]:
    return missing_fields(config, names)
  return None


def _configs() -> dict[str, type]:
  """The configs that a study is made of, by the names of their classes."""
  found = [Config]
  for config in found:
    found += config.__subclasses__()
  return {config.__name__: config for config in found}
