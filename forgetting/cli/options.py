"""Arguments and options that several verbs take, and those out of place.

The dataclasses are groups of options: `OmitArgPrefixes` lets tyro read their
fields as options of the verb itself, told in a box of their own by `--help`.
"""

from collections.abc import Container, Mapping
import dataclasses
from typing import Annotated

import tyro

from forgetting.config import InputError
from forgetting.config.saves import Saves

Config = Annotated[
  str, tyro.conf.arg(metavar="CONFIG", help="Python file with study() in it.")
]
StudyOrTable = Annotated[
  str,
  tyro.conf.arg(
    metavar="STUDY",
    help="Its folder, its name under --root; or a table with a row a run.",
  ),
]
StudyOrMatrix = Annotated[
  str,
  tyro.conf.arg(
    metavar="STUDY|MATRIX",
    help="Its folder, its name under --root; or a matrix: npz, CSV, parquet.",
  ),
]
Root = Annotated[
  str, tyro.conf.arg(metavar="DIR", help="The folder of studies.")
]
OneModel = Annotated[
  str,
  tyro.conf.arg(
    metavar="MODEL",
    help="A run, as STUDY/RUN under --root; a checkpoint's folder or hub id.",
  ),
]
Json = Annotated[
  str | None,
  tyro.conf.arg(
    metavar="FILE",
    help="Write the answer as JSON here too; -: print it, and no words.",
  ),
]
Log = Annotated[
  str | None,
  tyro.conf.arg(
    metavar="TRACKER",
    help="Send curves to tensorboard, wandb or trackio too.",
  ),
]
Flag = tyro.conf.FlagCreatePairsOff[bool]


@dataclasses.dataclass(frozen=True, kw_only=True)
class OwnText:
  """Text in place of the config's; runs on other text have other names.

  Attributes:
    domain: Target domains in place of the config's: names of the catalogue, or
      folders, globs and files: a.txt, a.jsonl:field, a.jsonl:prompt->response.
    pretraining: Pretraining sources: the same, or a set of the catalogue.
    model: Public checkpoints, of a config that takes some: folders or hub ids.
    set: Another argument of the config's study(): --set seeds=0,1
      --set target_tokens=400k, once for each.
  """

  domain: tuple[str, ...] = ()
  pretraining: tuple[str, ...] = ()
  model: tuple[str, ...] = ()
  set: tyro.conf.UseAppendAction[tuple[str, ...]] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Saving:
  """What is kept of a run beside its result.

  Attributes:
    save_every: Steps between a run's checkpoints; by default ten minutes.
    keep_best: Keep the parameters of each fine-tuning's best evaluation.
  """

  save_every: int | None = None
  keep_best: Flag = False

  @property
  def saves(self) -> Saves:
    """The same as a run is told it."""
    return Saves(every=self.save_every, best=self.keep_best)


def given(options: object) -> tuple[str, ...]:
  """Names of the fields that are not what they are by default.

  Args:
    options: a dataclass; fields of groups in it are named like its own.
  """
  names: list[str] = []
  for field in dataclasses.fields(options):
    value = getattr(options, field.name)
    if dataclasses.is_dataclass(value):
      names += given(value)
    elif value != field.default:
      names.append(field.name)
  return tuple(names)


def refuse_others(
  names: tuple[str, ...],
  takes: Container[str],
  *,
  found: str,
  where: Mapping[str, str],
) -> None:
  """Refuses options that a way of using a verb would leave aside.

  Args:
    names: of the options that were given.
    takes: those that this way has a use for.
    found: what asked for this way: "--status".
    where: option -> what it goes with, in words.

  Raises:
    InputError: there is one; the line says what it goes with.
  """
  for name in names:
    if name not in takes:
      raise InputError(
        f"--{name.replace('_', '-')}: found it with {found}, expected it with"
        f" {where[name]}; leave it out"
      )
