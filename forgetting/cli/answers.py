"""What verbs read and give: a study found, an answer told, a page written."""

import functools
import os
import pathlib

from forgetting.config import InputError
from forgetting.storage import finite_json
from forgetting.storage.places import check_reached, is_remote, place

ROOT = "runs"  # the folder of studies


def named(name: str) -> str:
  """A name as it is; an empty one would be the whole folder of studies.

  Args:
    name: of a study, a table or a model, or a path.

  Raises:
    InputError: it is empty, as a variable of the shell that is not set.
  """
  if not name.strip():
    raise InputError(
      f"found {name!r}, expected the name or the path of a study, a table or a"
      " model: is a variable of the shell empty?"
    )
  return name


def find(table: str, root: str = ROOT) -> pathlib.Path:
  """A path as given, or a study by its name under a folder of studies.

  A folder of the same name that is no study, as the text that it is about,
  does not hide it; one that is a study does unless another root was asked for.

  Args:
    table: a path, or a name.
    root: the folder of studies, which may be in a bucket.

  Raises:
    InputError: no name, or a bucket that cannot be reached.
  """
  if is_remote(named(table)):
    check_reached(table)
    return place(table)
  given, asked = pathlib.Path(table), root != ROOT
  if given.is_file() or (not asked and _is_study(given)):
    return given
  if is_remote(root):
    check_reached(root)
  there = place(root) / table
  # of what is nowhere the error names the place that was asked for
  return there if there.exists() or (asked and not given.exists()) else given


def find_model(model: str, root: str = ROOT) -> str:
  """A run by its name, as STUDY/RUN under a folder of studies.

  Args:
    model: a path, that name, or an id of the hub.
    root: as for `find`.

  Returns:
    what was given where it is no such name.

  Raises:
    InputError: no name, or a bucket that cannot be reached.
  """
  if is_remote(named(model)) or pathlib.Path(model).expanduser().exists():
    return model
  if is_remote(root):
    check_reached(root)
  there = place(root) / model
  return os.fspath(there) if (there / "config.json").exists() else model


def _is_study(folder: pathlib.Path) -> bool:
  from forgetting import records

  return records.exported(folder) or any(folder.glob("*/config.json"))


def tell(words: object, data, *, json: str | None) -> None:
  """Prints an answer in words, writes it as JSON, or both.

  Args:
    words: printed unless JSON is.
    data: the same as dicts, lists and numbers.
    json: a file to write it to as well; "-": print it instead of the words;
      None: words alone.
  """
  if json != "-":
    print(words)  # first: they are not lost where the file cannot be written
  write_json(data, json)


def write_json(data, file: str | None) -> bool:
  """Writes an answer as JSON; what is not finite is null.

  Returns:
    whether it was printed, so that words are not.

  Raises:
    InputError: the file cannot be written.
  """
  if file is None:
    return False
  text = finite_json.dumps(data, indent=1)
  if file == "-":
    print(text)
    return True
  write_text(text, file, option="--json")
  return False


def write_text(text: str, file: str, *, option: str) -> None:
  """Writes what an option names, at once or not at all.

  Args:
    text: of the file.
    file: where to, here or in a bucket.
    option: that named it.

  Raises:
    InputError: the file cannot be written.
  """
  from forgetting.storage import places

  try:
    places.write(pathlib.Path(file), text.encode())
  except OSError as error:
    why = f"cannot be written ({error.strerror}); name another file"
    raise InputError(f"{option} {file}: {why}") from None


def one_thread() -> None:
  """Before numpy: threads cost more than they bring on small matrices."""
  os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def write_page(
  table: pathlib.Path,
  *,
  tolerance: float,
  out: str | None = None,
  columns: str = "",
  pdf: bool = False,
) -> None:
  """Writes the page of a study or a table and says where it is.

  Args:
    table: the study's folder, or a file with a row a run.
    tolerance: forgetting that the advice allows, nats per token.
    out: its folder; None: the study's, or one beside the table.
    columns: other names of a table's columns, as in `loss=val_loss`.
    pdf: whether its figures are written as PDF too.

  Raises:
    InputError: there is no such study, or it cannot be read.
  """
  from forgetting import report
  from forgetting.cost.memory import keep_freed_memory
  from forgetting.data import corpora
  from forgetting.laws import arguments
  from forgetting.runs import matrix_texts

  keep_freed_memory()
  names = arguments.parse_columns(columns)
  page = report.write(
    # at once: it is what one wants of a study that goes on
    table,
    tolerance=tolerance,
    out=out,
    columns=names,
    pdf=pdf,
    with_texts=matrix_texts.attach,
    tell=functools.partial(print, flush=True),
    titles={c.name: c.description for c in corpora.CATALOGUE.values()},
  )
  print(f"page: {page}")
