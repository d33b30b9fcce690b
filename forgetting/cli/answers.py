"""What verbs read and give: a study found, an answer told, a page written."""

import functools
import pathlib

from forgetting.config import InputError
from forgetting.storage import finite_json
from forgetting.storage.places import check_reached, is_remote, place


def find(table: str) -> pathlib.Path:
  """A path as given, or a study by its name under runs/.

  A folder of the same name that is no study, as the text that it is about,
  does not hide it.

  Raises:
    InputError: of a bucket that cannot be reached.
  """
  if is_remote(table):
    check_reached(table)
    return place(table)
  given, named = pathlib.Path(table), pathlib.Path("runs") / table
  if not named.exists() or given.is_file() or _is_study(given):
    return given
  return named


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
  from forgetting.storage import places

  try:
    places.write(pathlib.Path(file), text.encode())
  except OSError as error:
    raise InputError(
      f"--json {file}: cannot be written ({error.strerror}); name another file"
    ) from None
  return False


def write_page(
  table: pathlib.Path,
  *,
  tolerance: float,
  out: str | None = None,
  columns: str = "",
) -> None:
  """Writes the page of a study or a table and says where it is.

  Args:
    table: the study's folder, or a file with a row a run.
    tolerance: forgetting that the advice allows, nats per token.
    out: its folder; None: the study's, or one beside the table.
    columns: other names of a table's columns, as in `loss=val_loss`.

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
    with_texts=matrix_texts.attach,
    tell=functools.partial(print, flush=True),
    titles={c.name: c.description for c in corpora.CATALOGUE.values()},
  )
  print(f"page: {page}")
