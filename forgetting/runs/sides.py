"""The two models that are checked: where each is, and its parameters."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import json
import pathlib
import typing

from forgetting.config import (
  InputError,
  Model,
  Pretrained,
  Run,
  canonical,
)
from forgetting.data import hub, tokenizers
from forgetting.records import RunDirectory
from forgetting.runs import starts
from forgetting.storage import places

if typing.TYPE_CHECKING:
  from forgetting.training.models.family import Params

CONTEXT = 256  # tokens a sequence of public models
ADAPTER = "adapter_config.json"


@dataclasses.dataclass(frozen=True)
class Side:
  """A model.

  Attributes:
    path: as it was given.
    kind: run, checkpoint or adapter, for people.
    model: what it is, at a context.
    tokenizer: the name of its tokenizer.
    load: reads its parameters, on the devices or the host.
    run: whose it is, of a run of ours.
  """

  path: str
  kind: str
  model: Model
  tokenizer: str
  load: Callable[[], Params]
  run: Run | None = None


def pair(
  base: str, tuned: str, *, context: int | None = None
) -> tuple[Side, Side]:
  """Both models, checked to be of one kind.

  Args:
    base: a run's directory, a checkpoint's folder, or an id of the hub.
    tuned: the same, or the folder of a PEFT adapter over base.
    context: tokens a sequence; by default that of a run of ours, else 256 or
      what the model has.

  Raises:
    InputError: no such model, one that cannot be read, or two whose tokenizers
      or shapes differ; the line says what does.
  """
  first = side(base, context)
  folder = pathlib.Path(tuned).expanduser()
  if (folder / ADAPTER).is_file():
    return first, _adapter(first, folder)
  second = side(tuned, context)
  lengths = [one.model.context for one in (first, second)]
  if lengths[0] != lengths[1]:
    if first.run and second.run:
      raise InputError(
        f"{tuned}: found a context of {lengths[1]} tokens, expected"
        f" {lengths[0]} as of {base}: losses in other contexts cannot be paired"
      )
    if second.run:
      first = side(base, lengths[1])
    else:
      second = side(tuned, lengths[0])
  _check(first, second)
  return first, second


def side(path: str, context: int | None = None) -> Side:
  """A model by where it is.

  Args:
    path: a run's directory, a checkpoint's folder, or an id of the hub.
    context: tokens a sequence; by default that of a run of ours, else 256 or
      what the model has.

  Raises:
    InputError: no such model, one that cannot be read, or another context
      than that of a run of ours.
  """
  directory = RunDirectory(places.place(path))
  try:
    told = json.loads((directory.path / "config.json").read_text())
  except (OSError, ValueError):
    told = {}
  if "pretraining" in told and "batch_size" in told:
    return _of_run(path, directory, canonical.from_dict(Run, told), context)
  parent = Pretrained(path)
  hub.fetch(parent, weights=True)
  most = parent.architecture().max_context
  length = min(CONTEXT, most) if context is None else context
  model = parent.model(context=length)
  return Side(
    path, "checkpoint", model, parent.tokenizer, lambda: _read(parent, model)
  )


def _of_run(path, directory, run: Run, context: int | None) -> Side:
  if directory.result().get("status") != "done":
    raise InputError(f"{path}: is not done, expected a run with a result")
  if context not in (None, run.model.context):
    raise InputError(
      f"--context: found {context}, expected {run.model.context}, at which"
      f" {path} was trained; leave it out"
    )
  return Side(
    path,
    "run",
    run.model,
    run.tokenizer,
    lambda: starts.load_params(directory, run),
    run,
  )


def _read(parent: Pretrained, model: Model) -> Params:
  from forgetting.training.public import reading

  return reading.load(parent.folder, model.architecture)


def _adapter(base: Side, folder: pathlib.Path) -> Side:
  """A PEFT adapter over base: joined, so that it is measured as one."""
  if base.kind != "checkpoint":
    raise InputError(
      f"{folder}: found a PEFT adapter over {base.path}, a {base.kind};"
      " expected it over a public checkpoint"
    )

  def load() -> Params:
    from forgetting.training import methods
    from forgetting.training.public import adapter_files

    config, trained = adapter_files.read(folder, base.model)
    method = methods.of(config, base.model)
    return method.merged(trained, method.frozen(base.load()))

  return dataclasses.replace(base, path=str(folder), kind="adapter", load=load)


def _check(base: Side, tuned: Side) -> None:
  """Refuses two models that are not one before and after."""
  ours, theirs = (tokenizers.find(s.tokenizer) for s in (base, tuned))
  if not tokenizers.alike(ours, theirs):
    sizes = f"{theirs.vocab_size:,} pieces, {ours.vocab_size:,} there"
    if theirs.vocab_size == ours.vocab_size:
      sizes = f"{ours.vocab_size:,} pieces both, but not the same"
    raise InputError(
      f"{tuned.path}: found another tokenizer than that of {base.path}"
      f" ({sizes}), expected"
      " the same: losses of other tokens cannot be paired"
    )
  shapes = [side.model.architecture for side in (base, tuned)]
  if shapes[0] == shapes[1]:
    return
  if type(shapes[0]) is not type(shapes[1]):
    kinds = [type(shape).__name__ for shape in shapes]
    raise InputError(
      f"{tuned.path}: found a {kinds[1]}, expected a {kinds[0]} as {base.path}"
    )
  differ = [
    f"{field.name} {there} (base {here})"
    for field in dataclasses.fields(shapes[0])
    if (here := getattr(shapes[0], field.name))
    != (there := getattr(shapes[1], field.name))
    # a value for each layer says no more than how many there are
    and not (isinstance(here, tuple) and len(here) != len(there))
  ]
  raise InputError(
    f"{tuned.path}: found another model than {base.path}, expected the one that"
    f" it was tuned from: {', '.join(differ)}"
  )
