"""Files of a run as they were written: whole."""

from collections.abc import Iterator
import contextlib
import json
import pathlib
import zipfile

from forgetting.config import InputError


@contextlib.contextmanager
def intact(file: pathlib.Path) -> Iterator[None]:
  """While a file is read that this project wrote at once, or not at all.

  Args:
    file: of a run directory, JSON or arrays.

  Raises:
    InputError: it was cut since, or is not what a run leaves; it says which.
  """
  try:
    yield
  except (json.JSONDecodeError, zipfile.BadZipFile, EOFError) as error:
    # of a run that is done nothing but the result is asked for again
    lost = file.parent if file.suffix == ".npz" else file
    raise InputError(
      f"{file}: found it cut off, expected all of it; delete {lost} and give"
      " the study once more, which makes anew what is missing"
    ) from error
  except InputError as error:
    raise InputError(f"{file}: {error}") from error
