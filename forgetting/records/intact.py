"""Files of a run as they were written: whole."""

from collections.abc import Iterator
import contextlib
import json
import pathlib
import zipfile

from forgetting.config import InputError

# what makes each anew, once it is away: of a run that is done a study asks for
# its result alone
FOLDER = "delete {file.parent} and give the study once more"
REMEDY = {
  "result.json": "delete {file} and give the study once more",
  "blends.json": "delete {file} and ask `forgetting remedies` once more",
}


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
  except InputError as error:
    raise InputError(f"{file}: {error}") from error
  except (ValueError, zipfile.BadZipFile, EOFError) as error:
    remedy = REMEDY.get(file.name, FOLDER).format(file=file)
    raise InputError(
      f"{file}: found it cut off or damaged, expected all of it; {remedy}"
    ) from error


def read_object(file: pathlib.Path) -> dict:
  """The JSON object of a file, which is whole.

  Raises:
    InputError: as `intact`.
    OSError: it is not there, or cannot be read.
  """
  with intact(file):
    return object_of(file.read_text())


def object_of(text: str | bytes) -> dict:
  """A JSON object.

  Raises:
    ValueError: it is none.
  """
  told = json.loads(text)
  if not isinstance(told, dict):
    raise ValueError(f"found {type(told).__name__}, expected an object")
  return told
