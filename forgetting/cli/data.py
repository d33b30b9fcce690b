"""The verb about text: data."""

from collections.abc import Sequence
import os
import pathlib
from typing import Annotated, Literal

import tyro

from forgetting.cli.loading import loaded
from forgetting.cli.options import OwnText, given, refuse_others
from forgetting.config import InputError

OWN_TEXT = ("domain", "pretraining", "model", "set")
CONTEXT, TOKENIZER = 128, "bytes"
# what each has a use for, of the names and options
TAKES = {
  "list": (),
  "prepare": ("names", "context", "tokenizer"),
  "show": ("names", "context", "tokenizer"),
  "tokenizer": ("names", "size"),
  "convert": ("names", "out"),
  "push": ("names", "context", "tokenizer", "at", *OWN_TEXT),
  "pull": ("names", "context", "tokenizer", "at", *OWN_TEXT),
}


def data(
  verb: tyro.conf.Positional[
    Annotated[
      Literal[
        "list", "prepare", "show", "tokenizer", "push", "pull", "convert"
      ],
      tyro.conf.arg(help="What to do."),
    ]
  ],
  names: tyro.conf.Positional[
    Annotated[
      tuple[str, ...],
      tyro.conf.arg(
        metavar="[NAME ...]",
        help="Names or sets of the catalogue, paths of text, TFDS data sets;"
        " of `push` and `pull` study files too.",
      ),
    ]
  ] = (),
  *,
  context: int = CONTEXT,
  tokenizer: str = TOKENIZER,
  size: int | None = None,
  out: str | None = None,
  at: str | None = None,
  text: tyro.conf.OmitArgPrefixes[OwnText] = OwnText(),
) -> int:
  """List the catalogue of text, prepare or show sources, make tokenizers.

  `prepare` without a name takes the pretraining mix. `tokenizer` takes one's
  name, or with --size the text to train one on. `convert` makes a folder like
  the hub's of a llama in a .gguf file, or of `smollm2`, a model of 135M
  parameters out of a pinned package. `push` puts prepared text into a bucket,
  `pull` copies it from there into this machine's cache.

  Examples: forgetting data list; forgetting data prepare kjv ./letters;
  forgetting data show kjv; forgetting data tokenizer --size 8192;
  forgetting data push configs/quickstart.py --at gs://BUCKET/text

  Args:
    context: Tokens a sequence.
    tokenizer: What cuts text into tokens.
    size: Pieces of the tokenizer to train.
    out: Of `convert`: the folder that is made.
    at: Of `push` and `pull`: gs://BUCKET/FOLDER, or a folder that all see.
  """
  asked = dict(
    names=bool(names),
    context=context != CONTEXT,
    tokenizer=tokenizer != TOKENIZER,
    size=size is not None,
    out=out is not None,
    at=at is not None,
  )
  _refuse_others(
    verb, (*(name for name, was in asked.items() if was), *given(text))
  )
  from forgetting.data import commands

  cut = dict(context=context, tokenizer=tokenizer)
  if verb == "list":
    print(commands.list_text())
  elif verb == "prepare":
    print(commands.prepare_text(names or ("mix",), **cut))
  elif verb == "tokenizer":
    print(commands.tokenizer_text(names, size=size))
  elif verb == "convert":
    print(_converted(names, out))
  elif verb == "show":
    if not names:
      raise InputError("data show: found no name, expected one or more")
    for name in names:
      print(commands.show_text(name, **cut))
  else:
    print(_copied(verb, names, at=at, text=text, **cut))
  return 0


def _refuse_others(verb: str, names: tuple[str, ...]) -> None:
  where = {
    name: "data " + " or ".join(v for v in TAKES if name in TAKES[v])
    for name in names
  }
  if "names" in names and "names" not in TAKES[verb]:
    raise InputError(
      f"data {verb}: found a name, expected none; see {where['names']}"
    )
  refuse_others(names, TAKES[verb], found=f"data {verb}", where=where)


def _converted(names: Sequence[str], out: str | None) -> str:
  if len(names) != 1 or out is None:
    raise InputError(
      "data convert: expected one .gguf file or smollm2, and --out FOLDER"
    )
  from forgetting.data import gguf_models, packaged_models

  if names[0] in packaged_models.PACKAGED:
    place = packaged_models.convert(names[0], pathlib.Path(out))
  else:
    place = gguf_models.convert(pathlib.Path(names[0]), pathlib.Path(out))
  return f"{place}: a checkpoint; name it as --model"


def _copied(
  verb: str,
  names: Sequence[str],
  *,
  at: str | None,
  text: OwnText,
  context: int,
  tokenizer: str,
) -> str:
  """Copies text to or from where all see it; what to tell the user.

  Args:
    verb: push or pull.
    names: of sources and sets, read with `context` and `tokenizer`; and study
      files, which say theirs.
    at: where to, or where from.
    text: in place of the study files'.
  """
  if at is None:
    raise InputError(
      f"data {verb}: --at is missing, expected gs://BUCKET/FOLDER or a folder"
    )
  if not names:
    raise InputError(
      f"data {verb}: found no name, expected sources or a study file"
    )
  from forgetting.data import corpora, shared
  from forgetting.data.shared import Wanted
  from forgetting.runs.text_sources import wanted_by

  found: list[Wanted] = []
  for name in names:
    if name.endswith(".py") and os.path.isfile(name):
      study = loaded(name, text)
      found += wanted_by(study.ordered())
    else:
      sources = corpora.expand([name])
      found += [Wanted(source, context, tokenizer) for source in sources]
  copy = shared.push if verb == "push" else shared.pull
  return copy(list(dict.fromkeys(found)), at=at)
