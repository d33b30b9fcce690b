"""The one reader of tables: a file that a user brings, as a data frame.

Laws, reports and associations all read through here, so that what one of them
takes the others take too. A further format is an entry of `READERS`.
"""

from collections.abc import Callable, Mapping, Sequence
import io
import os
import pathlib
from typing import TYPE_CHECKING

from forgetting.config import InputError
from forgetting.records import (
  table_columns,
  table_json,
  table_numbers,
  table_text,
)
from forgetting.records.distinct import Distinct
from forgetting.records.table_columns import COUNTED, FILE, LINE, TEXT
from forgetting.storage import arrow, packing
from forgetting.storage.places import place

if TYPE_CHECKING:
  import pandas as pd

Names = frozenset[str]  # of columns that are text


def _comma(content: bytes, where: str, text: Names) -> "pd.DataFrame":
  return _separated(content, where, text, ",")


def _tab(content: bytes, where: str, text: Names) -> "pd.DataFrame":
  return _separated(content, where, text, "\t")


def _separated(
  content: bytes, where: str, text: Names, likely: str
) -> "pd.DataFrame":
  import pandas as pd

  lines = table_text.decoded(content, where)
  found = table_text.columns(lines, where, likely=likely)
  names = table_columns.named(found.names, where)
  values = dict(zip(names, found.values, strict=True))
  columns = table_numbers.numbers_of(
    values, text=text, semicolons=found.separator == ";"
  )
  for name, header in zip(names, found.names, strict=True):
    if not header and columns[name].isna().all():
      del columns[name]  # what a separator at the end of each line leaves
  return pd.DataFrame(columns).assign(**{LINE: found.lines})


def _json(content: bytes, where: str, text: Names) -> "pd.DataFrame":
  frame = table_json.frame(table_text.decoded(content, where), where)
  lines = frame.index
  frame = _numbered(frame.reset_index(drop=True), where, text)
  by_line = len(lines) and lines[0]  # a row a line: the first is no row 0
  return frame.assign(**{LINE: lines}) if by_line else frame


def _parquet(content: bytes, where: str, text: Names) -> "pd.DataFrame":
  arrow.need(where)
  import pyarrow as pa
  from pyarrow import parquet

  table = parquet.read_table(io.BytesIO(content))
  for i, field in enumerate(table.schema):
    # the text of a whole number, before a missing one makes it 7.0
    asis = pa.types.is_nested(field.type) or pa.types.is_null(field.type)
    if _is_text(field.name, text) and not asis:
      table = table.set_column(i, field.name, table[i].cast(pa.string()))
    elif pa.types.is_decimal(field.type):
      table = table.set_column(i, field.name, table[i].cast(pa.float64()))
  frame = table.to_pandas()
  kept = [name for name in frame.index.names if name is not None]
  return _numbered(frame.reset_index(level=kept), where, text)


def _is_text(header: str, text: Names) -> bool:
  return header.strip() in text or header.strip().lower() in TEXT


def _numbered(frame: "pd.DataFrame", where: str, text: Names) -> "pd.DataFrame":
  """Numbers in columns of text too, and our names."""
  frame.columns = table_columns.named([*map(str, frame.columns)], where)
  words = {
    str(name): Distinct(values)
    for name in frame
    if (values := _words(frame[name], name in text)) is not None
  }
  return frame.assign(**table_numbers.numbers_of(words, text=text))


def _words(column: "pd.Series", is_text: bool) -> list[str] | None:
  """A column as text; None where it is numbers, or things of other kinds."""
  import pandas as pd

  if not is_text and not (
    pd.api.types.is_string_dtype(column) or column.dtype == object
  ):
    return None
  if column.isna().all():
    return None  # nothing to read in it
  values = column.astype(object).where(column.notna(), None).tolist()
  if all(v is None or type(v) in (str, int, float) for v in values):
    return ["" if v is None else str(v) for v in values]
  return None


# ending, in small letters -> the file's content to a data frame; each may be
# packed, as in .csv.gz
READERS: dict[str, Callable[[bytes, str, Names], "pd.DataFrame"]] = {
  ".csv": _comma,
  ".tsv": _tab,
  ".parquet": _parquet,
  ".jsonl": _json,
  ".ndjson": _json,
  ".json": _json,
}


def is_table(path: str | os.PathLike) -> bool:
  """Whether a path has the ending of a table, in capitals or not.

  Args:
    path: of a file that need not be there; it may be packed.
  """
  ending, packed = packing.endings(path)
  return ending in READERS or packed == ".zip"


def read(
  path: str | os.PathLike,
  *,
  columns: Mapping[str, str] | None = None,
  required: Sequence[str] = (),
  text: Sequence[str] = (),
  lines: bool = False,
) -> "pd.DataFrame":
  """Reads a table from a file, local or in a bucket.

  Separator, decimal comma, encoding, thousands, percent signs and units (4M)
  are seen by themselves; headers may have capitals and blanks. Rows that are
  cut off are left out, and told by a `TableWarning`.

  Args:
    path: .csv, .tsv, .parquet, .jsonl, .ndjson or .json, or these in .gz, .zst,
      .zip.
    columns: our name of a column -> the file's, for those that differ.
    required: columns, by our names, without which the caller cannot go on.
    text: columns, by the file's names, that are text whatever they look like,
      beside those that are known to be.
    lines: adds the column `table_columns.LINE`, which says where a row is.

  Returns:
    a pandas.DataFrame with the file's columns, and a copy of those that
    `columns` renames under our names. `domain` and `status` are text, and
    finished runs have status `done`.

  Raises:
    InputError: no such file, an ending or a content that is no table, or
      columns that are missing.
  """
  path = place(path)
  if not is_table(path):
    raise InputError(
      f"{path}: found {path.suffix!r}, expected {' or '.join(READERS)}, or"
      f" these in {', '.join(packing.PACKINGS)}"
    )
  if not path.exists():
    raise InputError(
      f"no table at {path}: give a file that ends in {', '.join(READERS)}"
    )
  try:
    content, ending = _content(path)
    table = READERS[ending](content, path.name, _text_names(columns, text))
  except (ValueError, OSError, ArithmeticError, *packing.DAMAGED) as problem:
    if isinstance(problem, InputError):
      raise
    why = (str(problem).splitlines() or [type(problem).__name__])[0]
    raise InputError(f"cannot read the table {path}: {why}") from problem
  table = renamed(table, columns, source=str(path))
  table = table_columns.understood(table, path.name)
  counted = "line" if LINE in table else "row"
  if LINE not in table:
    table[LINE] = range(1, len(table) + 1)
  table.attrs |= {FILE: path.name, COUNTED: counted}
  require(table, required, source=str(path))
  return table if lines else table.drop(columns=LINE)


def text_columns(columns: Mapping[str, str] | None) -> list[str]:
  """Tells which columns of a table are text by the name that we give them.

  Args:
    columns: our name of a column -> the table's.
  """
  return [theirs for ours, theirs in (columns or {}).items() if ours in TEXT]


def _text_names(
  columns: Mapping[str, str] | None, text: Sequence[str]
) -> Names:
  return TEXT | {*text_columns(columns), *text}


def stem(path: str | os.PathLike) -> str:
  """A table's name without its endings, that of its packing too.

  Args:
    path: as of `read`.
  """
  name = os.path.basename(os.fspath(path))
  return name[: -len("".join(packing.endings(name)))]


def _content(path: pathlib.Path) -> tuple[bytes, str]:
  """A file's bytes, unpacked, and which ending says what they are."""
  ending, packed = packing.endings(path)
  with path.open("rb") as file:
    if packed != ".zip":
      with packing.unpacked(file, packed) as stream:
        content = stream.read()
      if not packed and content.startswith(packing.GZIP):
        raise InputError(
          f"{path}: found a file packed by gzip, expected {ending}: call it"
          f" {path.name}.gz"
        )
      return content, ending
    archive, names = packing.members(file)
    with archive:
      tables = [n for n in names if packing.endings(n)[0] in READERS]
      if len(tables) != 1:
        found = ", ".join(names[:3]) or "nothing"
        raise InputError(f"{path}: found {found} in it, expected one table")
      return archive.read(tables[0]), packing.endings(tables[0])[0]


def renamed(
  table: "pd.DataFrame",
  columns: Mapping[str, str] | None,
  *,
  source: str = "the table",
) -> "pd.DataFrame":
  """Gives columns our names.

  Args:
    table: a data frame; it is not changed.
    columns: our name of a column -> the table's.
    source: what errors call the table.

  Returns:
    a data frame that has the renamed columns beside the old ones.

  Raises:
    InputError: a column to rename is not there.
  """
  for ours, theirs in (columns or {}).items():
    if theirs not in table:
      raise InputError(
        f"columns: no column {theirs!r} in {source} ({_listed(table)})"
      )
    table = table.assign(**{ours: table[theirs]})
  return table


def require(
  table: "pd.DataFrame", required: Sequence[str], *, source: str = "the table"
) -> None:
  """Refuses a table that lacks columns.

  Args:
    table: a data frame.
    required: the columns, by our names.
    source: what the error calls the table.

  Raises:
    InputError: naming all that are missing and all that were found.
  """
  missing = [name for name in required if name not in table]
  if missing:
    raise InputError(
      f"{source}: columns {missing} are missing; found ({_listed(table)}):"
      f" name yours with columns {missing[0]}=NAME"
    )


def _listed(table: "pd.DataFrame") -> str:
  return ", ".join(str(name) for name in table.columns if name != LINE)
