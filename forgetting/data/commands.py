"""What `forgetting data list|prepare|show|tokenizer` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
import itertools
import lzma
import math
import textwrap

import numpy as np

from forgetting.config import InputError
from forgetting.data import (
  cache,
  chat_templates,
  chats,
  corpora,
  document_store,
  fetch,
  sources,
  store,
  tokenizer_training,
  tokenizers,
)
from forgetting.data.corpora import CATALOGUE, Corpus
from forgetting.data.documents import RESPONSE, Split, dropped
from forgetting.data.packaged_tokenizers import PACKAGED
from forgetting.data.prepared import Prepared
from forgetting.records import text_table

WIDTH = 100  # columns of what is listed
_SAMPLE_CHARACTERS = 300
_LZMA_BYTES = 1 << 20


def list_text() -> str:
  """`forgetting data list`: the catalogue and what is cached of it.

  Returns:
    a line a corpus, then sets, tokenizers and where the cache is.
  """
  rows = [("name", "MB", "cached", "text")]
  for role in dict.fromkeys(corpus.role for corpus in CATALOGUE.values()):
    rows.append((f"{role}:", "", "", ""))
    for corpus in CATALOGUE.values():
      if corpus.role != role:
        continue
      size = sum(archive.size for archive in corpus.archives) / 1e6
      rows.append(
        (
          f"  {corpus.name}",
          f"{size:.1f}",
          _cached(corpus),
          corpus.description,
        )
      )
  licences: dict[str, list[str]] = {}
  for corpus in CATALOGUE.values():
    licences.setdefault(corpus.licence, []).append(corpus.name)
  told = [f"  {what}: {' '.join(of)}" for what, of in licences.items()]
  sets = [
    f"  {name}: {' '.join(members)}" for name, members in corpora.SETS.items()
  ]
  kinds = [
    "  bytes: UTF-8 bytes, 259 ids",
    *(f"  {t.name}: {t.description} ({t.licence})" for t in PACKAGED.values()),
    "  sp8192: SentencePiece of so many pieces, trained on the set mix;"
    " sp8192:kjv+./text on others",
    "  a path to a SentencePiece .model or a Hugging Face tokenizer.json",
  ]
  return "\n".join(
    [
      *text_table.lines(rows, left=len(rows[0])),
      *("", "licences:", *_wrapped(told)),
      *("", "sets:", *_wrapped(sets)),
      *("", "tokenizers:", *_wrapped(kinds)),
      *("", f"cache: {cache.root()}"),
    ]
  )


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
  for line in lines:
    yield from textwrap.wrap(line, WIDTH, subsequent_indent="    ")


def _cached(corpus: Corpus) -> str:
  """What is on disk: "-", "archive", or how many prepared stores."""
  chunks = cache.root() / "chunks"
  prepared = list(chunks.glob(f"{corpus.name}-*/meta.json"))
  if prepared:
    return f"{len(prepared)} prepared"
  paths = [fetch.archive_path(archive) for archive in corpus.archives]
  return "archive" if all(path.exists() for path in paths) else "-"


def prepare_text(
  names: Sequence[str],
  *,
  context: int,
  tokenizer: str = tokenizers.BYTES,
) -> str:
  """`forgetting data prepare`: each source; one that cannot be is skipped.

  Args:
    names: sources, or sets of the catalogue: "mix", "mix_full", "targets".
    context: L, tokens a sequence.
    tokenizer: its name.

  Returns:
    a line a source: what there is of it, or why it was skipped.

  Raises:
    InputError: none could be prepared.
  """
  lines, problems = [], []
  with store.own_progress() as progress:
    for name in corpora.expand(names):
      try:
        prepared = store.prepare(
          name, context=context, tokenizer=tokenizer, progress=progress
        )
      except InputError as error:
        problems.append(error)
        lines.append(f"skipped: {error}")
      else:
        lines.append(summary(prepared))
  if problems and len(problems) == len(lines):
    raise problems[0]
  return "\n".join(lines)


def summary(prepared: Prepared) -> str:
  """One line: how much text there is and what was dropped.

  Args:
    prepared: of `store.prepare`.
  """
  splits, counts = prepared.meta["splits"], prepared.meta["documents"]
  sizes = ", ".join(
    f"{split} {splits[split]['tokens']:,} tokens"
    f" ({splits[split]['bytes'] / 1e6:.2f} MB)"
    for split in Split
  )
  told = "".join(f"; {note}" for note in store.notes(prepared))
  return (
    f"{prepared.name}: {sizes}; dropped: {dropped(counts) or 'nothing'}{told}"
  )


def show_text(
  source: str,
  *,
  context: int,
  tokenizer: str = tokenizers.BYTES,
  samples: int = 3,
) -> str:
  """`forgetting data show`: prepares a source if need be and tells what it is.

  Args:
    source: a name of the catalogue, a path, or a TFDS data set.
    context: L, tokens a sequence.
    tokenizer: its name.
    samples: how many training documents to show the beginning of.

  Raises:
    InputError: no such source, or it cannot be prepared.
  """
  prepared = store.prepare(source, context=context, tokenizer=tokenizer)
  meta = prepared.meta
  train, validation = meta["splits"]["train"], meta["splits"]["validation"]
  lines = [
    summary(prepared),
    f"source: {meta['source']}",
    *([f"read as: {meta['read_as']}"] if "read_as" in meta else []),
    f"licence: {meta['licence']}",
    f"tokenizer: {meta['tokenizer']} ({meta['vocab_size']:,} ids),"
    f" {validation['bytes'] / validation['tokens']:.2f} bytes a token",
    f"chunks of {context} tokens: {train['chunks']:,} train,"
    f" {validation['chunks']:,} validation",
    "bits per byte of the validation text:"
    + (
      f" {token_frequency_bits(prepared):.3f} by token frequencies,"
      if len(prepared.train)
      else ""  # streamed: there is nothing to count
    )
    + f" {_lzma_bits(source):.3f} by lzma",
  ]
  for text in _samples(source, samples):
    lines += ["", textwrap.indent(text, "  | ")]
  return "\n".join(lines)


def tokenizer_text(names: Sequence[str], *, size: int | None) -> str:
  """`forgetting data tokenizer`: makes those that are not there yet.

  Args:
    names: with a size, sources or sets of the catalogue to train on, by
      default the set mix; without one, tokenizers.
    size: pieces of a SentencePiece model to train.

  Returns:
    of each what it is, and how a config names it.

  Raises:
    InputError: neither a name nor a size, or one that cannot be made.
  """
  if size is not None:
    told = tuple(names) or tokenizer_training.DEFAULT_SOURCES
    names = [tokenizer_training.Trained(size, told).name]
  elif not names:
    raise InputError(
      "data tokenizer: found neither a name nor --size, expected one: --size"
      " 8192 trains one on the pretraining mix"
    )
  with store.own_progress() as progress:
    found = [tokenizers.ensure(name, progress) for name in names]
  return "\n".join(
    f"{kind.name}: {kind.kind.value}, {kind.vocab_size:,} ids, end of text"
    f" {kind.end_id}, sha256 {kind.sha256}\n"
    + (f"file: {kind.path}\n" if kind.path else "")
    + f"use it as: Run(tokenizer={kind.name!r}) with"
    f" Model(vocab_size={kind.vocab_size})"
    for kind in found
  )


def token_frequency_bits(prepared: Prepared) -> float:
  """Bits per byte of the validation text under the train tokens' frequencies.

  The loss of the best model that ignores context: an upper mark for a trained
  one. Each id is counted once more than it was seen.

  Args:
    prepared: of `store.prepare`, with training text.
  """
  size = prepared.meta["vocab_size"]
  seen = np.bincount(prepared.train[:, 1:].ravel(), minlength=size) + 1
  found = np.bincount(prepared.validation[:, 1:].ravel(), minlength=size)
  nats = -(found * np.log(seen / seen.sum())).sum()
  return float(nats / math.log(2) / prepared.validation_bytes.sum())


def _lzma_bits(source: str) -> float:
  """Bits per byte of the first MiB of validation text under lzma."""
  text = b"\n".join(_documents(source, Split.VALIDATION))[:_LZMA_BYTES]
  return 8 * len(lzma.compress(text)) / len(text)


def _samples(source: str, count: int) -> list[str]:
  found = []
  for document in itertools.islice(_documents(source, Split.TRAIN), count):
    text = _for_people(document.decode())
    more = "..." if len(text) > _SAMPLE_CHARACTERS else ""
    found.append(text[:_SAMPLE_CHARACTERS] + more)
  return found


def _for_people(document: str) -> str:
  """A document without its marks; a chat as it is where no template is."""
  if document.startswith(chats.TURN):
    return chat_templates.plainly(chats.parse(document)).text.rstrip()
  return document.replace(RESPONSE, "")


def _documents(source: str, split: Split):
  folder = document_store.folder_of(sources.find(source))
  return document_store.read(folder, split)
