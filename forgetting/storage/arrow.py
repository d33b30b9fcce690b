"""pyarrow, where it is: it reads parquet, and what zstd has packed."""

import importlib.util

from forgetting.config import InputError


def need(what: str) -> None:
  """Makes sure that pyarrow is here: a light install does without it.

  Args:
    what: is read or written by it; begins the error's line.

  Raises:
    InputError: it is not; the line says what to install.
  """
  if importlib.util.find_spec("pyarrow") is None:
    raise InputError(
      f"{what}: found no pyarrow, which reads parquet and .zst: pip install"
      " 'forgetting[parquet]'; CSV, TSV and JSON need none"
    )
