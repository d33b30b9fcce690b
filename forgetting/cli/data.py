"""`forgetting data push|pull`: the text of sources, or of whole studies."""

from collections.abc import Sequence
import os

from forgetting.config import InputError
from forgetting.config.study_file import load_study
from forgetting.data import corpora, shared
from forgetting.data.shared import Wanted
from forgetting.runs import text as run_text


def push(names: Sequence[str], **told) -> str:
  """See `told` of `_wanted`; at: where to."""
  at = _place(told.pop("at"), "push")
  return shared.push(_wanted(names, "push", **told), at=at)


def pull(names: Sequence[str], **told) -> str:
  at = _place(told.pop("at"), "pull")
  return shared.pull(_wanted(names, "pull", **told), at=at)


def _place(at: str | None, verb: str) -> str:
  if at is None:
    raise InputError(
      f"data {verb}: --at is missing, expected gs://BUCKET/FOLDER or a folder"
    )
  return at


def _wanted(
  names: Sequence[str],
  verb: str,
  *,
  context: int,
  tokenizer: str,
  domain: tuple[str, ...] = (),
  pretraining: tuple[str, ...] = (),
) -> list[Wanted]:
  """Each once.

  Args:
    domain, pretraining: text in place of the study files'.
    names: of sources and sets, read with `context` and `tokenizer`; and study
      files, which say theirs.
  """
  if not names:
    raise InputError(
      f"data {verb}: found no name, expected sources or a study file"
    )
  found = []
  for name in names:
    if name.endswith(".py") and os.path.isfile(name):
      study = load_study(name, domains=domain, pretraining=pretraining)
      found += run_text.wanted_by(study.ordered())
    else:
      sources = corpora.expand([name])
      found += [Wanted(source, context, tokenizer) for source in sources]
  return list(dict.fromkeys(found))
