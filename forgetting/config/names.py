"""Words for sources and counts, in names and in tables."""

import os
import re
import typing

SAMPLES = "samples:"  # before what a model wrote: samples:WORD:KEY


@typing.overload
def domain_name(source: str) -> str: ...


@typing.overload
def domain_name(source: None) -> None: ...


def domain_name(source: str | None) -> str | None:
  """Word for a source in names and tables.

  A path gives its stem, a TFDS data set its name and config.
  """
  if source is None:
    return None
  if source.startswith(SAMPLES):
    return source.split(":")[1]
  if source.startswith("hf:"):
    source = re.split(r"[@:?]", source.removeprefix("hf:"), maxsplit=1)[0]
  tfds = re.fullmatch(
    r"(?:stream:)?(?:tfds:)?([a-z]\w*(?:/[\w.-]+?)?)(:[\d.]+)?(\?.*)?", source
  )
  if tfds and (tfds[2] or source.startswith(("tfds:", "stream:"))):
    stem = tfds[1]
  else:
    stem = os.path.basename(source.rstrip("/\\")).split(".")[0]
  return re.sub(r"\W+", "_", stem).strip("_") or "text"


def short(count: int) -> str:
  """Counts in names: 25k, 1.3m, 12.8k, 512."""
  for unit, letter in ((10**9, "b"), (10**6, "m"), (10**3, "k")):
    if count >= unit:
      return f"{count / unit:.3g}{letter}"
  return str(count)
