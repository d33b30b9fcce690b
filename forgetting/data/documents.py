"""Documents in, kept documents out: cut, key, near-duplicates, split.

A document's key is a hash of its normalised text. The order of the keys is
the shuffle, equal keys are duplicates, and the key alone says whether a
document is for training or for validation, so the result is a function of
the text: no machine, no file order, no Python hash seed enters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
import dataclasses
import enum
import hashlib
import re
import struct
import tempfile

from forgetting.data.shingles import SeenTable, shingle_hashes

FILTER_VERSION = 2

LONGEST = 12_000  # characters of a document; a longer one is cut ...
PIECE = 6_000  # ... at blank lines into pieces of about this many
SHORTEST = 40  # characters; a shorter document is dropped
VALIDATION_EVERY = 20  # one key in so many is validation
SHINGLES_TO_JUDGE = 20  # a document with no more is never a near-duplicate

RESPONSE = "\x1e"  # in a document with a prompt: where its response begins

_NOT_WORD = re.compile(r"\W+")
_ASCII_WORDS = bytes(
  ord(chr(code).lower()) if re.match(r"\w", chr(code), re.ASCII) else 32
  for code in range(256)
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_BUCKETS = 256  # by the first byte of the key
_BUCKET_MEMORY = 1 << 19  # bytes of a bucket that are kept off the disk


class Split(enum.StrEnum):
  """On which side a document is; the value is the name of its files."""

  TRAIN = "train"
  VALIDATION = "validation"


@dataclasses.dataclass(frozen=True)
class Rules:
  """How a corpus is filtered.

  Attributes:
    cap_bytes: stop after so many bytes of kept text (UTF-8), in key order.
    shingle_words: words a shingle.
    whitespace_words: words are what whitespace separates, for text that is
      not language; else runs of letters and digits in lower case.
  """

  cap_bytes: int | None = None
  shingle_words: int = 8
  whitespace_words: bool = False


@dataclasses.dataclass
class Counts:
  """What became of the documents.

  Attributes:
    read: documents of the source.
    empty: documents without any text.
    lines_skipped: JSON lines too long to be read.
    cut: documents longer than LONGEST.
    lines_cut: lines longer than LONGEST, cut where they had to be.
    pieces: documents after cutting.
    too_short, duplicates, near_duplicates, over_cap: pieces dropped, by why.
    replacement_characters: U+FFFD in the text, the mark of a decoding error.
    not_chats: chats with tools or images, or without an assistant's turn.
    train, validation: pieces kept.
    train_bytes, validation_bytes: their UTF-8 bytes.
    near_duplicate_bytes: bytes dropped as near-duplicates.
    table_false_positives: chance that the table of seen shingles calls a new
      shingle seen, at its fullest.
  """

  read: int = 0
  empty: int = 0
  lines_skipped: int = 0
  cut: int = 0
  lines_cut: int = 0
  pieces: int = 0
  too_short: int = 0
  duplicates: int = 0
  near_duplicates: int = 0
  over_cap: int = 0
  replacement_characters: int = 0
  not_chats: int = 0
  train: int = 0
  validation: int = 0
  train_bytes: int = 0
  validation_bytes: int = 0
  near_duplicate_bytes: int = 0
  table_false_positives: float = 0.0

  def keep(self, split: Split, size: int) -> None:
    """Counts a piece that is kept.

    Args:
      split: its side.
      size: its UTF-8 bytes.
    """
    setattr(self, split, getattr(self, split) + 1)
    field = f"{split}_bytes"
    setattr(self, field, getattr(self, field) + size)

  @property
  def kept_bytes(self) -> int:
    """UTF-8 bytes of all pieces kept so far."""
    return self.train_bytes + self.validation_bytes


DROPPED = (
  "empty", "lines_skipped", "too_short", "duplicates", "near_duplicates",
  "over_cap", "not_chats",
)  # fmt: skip


def dropped(counts: Mapping[str, int]) -> str:
  """What was left out and why, in words; "" where nothing was.

  Args:
    counts: fields of `Counts`.
  """
  return ", ".join(
    f"{counts[kind]:,} {kind.replace('_', ' ')}"
    for kind in DROPPED
    if counts.get(kind)
  )


def split_of(document_key: bytes) -> Split:
  """The side that a document is on, for ever and everywhere.

  Args:
    document_key: of `key`; its last four hex digits decide.
  """
  last = int.from_bytes(document_key[-2:], "big")
  return Split.VALIDATION if last % VALIDATION_EVERY == 0 else Split.TRAIN


def kept(
  documents: Iterable[str],
  rules: Rules,
  counts: Counts,
  *,
  splits: Callable[[bytes], Split] = split_of,
) -> Iterator[tuple[Split, bytes]]:
  """The documents that survive the filter.

  Memory does not grow with the corpus: documents wait in buckets on disk and
  seen shingles live in a table of bounded size.

  Args:
    documents: in any order.
    rules: of the corpus.
    counts: is told what became of each.
    splits: key -> side.

  Yields:
    (side, UTF-8 text) in the order of the keys.
  """
  with _Spool() as spool:
    for document in documents:
      counts.read += 1
      for piece in cut(document, counts):
        spool.add(key(piece), piece.encode())
    texts = _without_near_duplicates(spool, rules, counts)
    for document_key, text in texts:
      split = splits(document_key)
      counts.keep(split, len(text))
      yield split, text


def cut(document: str, counts: Counts) -> Iterator[str]:
  """A document's pieces: itself, unless it is too long or too short.

  Args:
    document: any text.
    counts: is told what was cut and dropped.
  """
  document = document.replace("\r\n", "\n").replace("\r", "\n").strip()
  # A lone surrogate (JSON can spell one) has no UTF-8.
  document = _SURROGATE.sub("\ufffd", document)
  counts.replacement_characters += document.count("\ufffd")
  if not document:
    counts.empty += 1
    return
  pieces = [document]
  # A response belongs to its prompt: such a document stays whole.
  if len(document) > LONGEST and RESPONSE not in document:
    counts.cut += 1
    pieces = list(_pack(_blocks(document, counts)))
  for piece in pieces:
    counts.pieces += 1
    # a short answer to a long prompt is what instructions are
    if len(piece) < SHORTEST and RESPONSE not in piece:
      counts.too_short += 1
    else:
      yield piece


def _blocks(document: str, counts: Counts) -> Iterator[str]:
  """Paragraphs; where one alone is too long its lines, else parts of them."""
  for paragraph in _BLANK_LINE.split(document):
    if len(paragraph) <= LONGEST:
      yield paragraph
      continue
    lines = paragraph.split("\n")
    for block in _pack(lines, separator="\n"):
      counts.lines_cut += len(block) > LONGEST
      for start in range(0, len(block), LONGEST):
        yield block[start : start + LONGEST]


def _pack(blocks: Iterable[str], separator: str = "\n\n") -> Iterator[str]:
  """Joins neighbours up to about PIECE characters."""
  held: list[str] = []
  size = 0
  for block in blocks:
    if held and size + len(block) > PIECE:
      yield separator.join(held).strip()
      held, size = [], 0
    held.append(block)
    size += len(block) + len(separator)
  if held:
    yield separator.join(held).strip()


def normalised(text: str) -> bytes:
  """Lower case, with every run of non-word characters as one blank.

  Args:
    text: any.

  Returns:
    UTF-8.
  """
  if text.isascii():  # the same by a table, many times faster
    return b" ".join(text.encode().translate(_ASCII_WORDS).split())
  return _NOT_WORD.sub(" ", text.lower()).strip().encode()


def key(text: str) -> bytes:
  """SHA-256 of the normalised text: identity, order and split in one.

  Args:
    text: of a piece.

  Returns:
    32 bytes.
  """
  return hashlib.sha256(normalised(text)).digest()


def _without_near_duplicates(
  spool: _Spool, rules: Rules, counts: Counts
) -> Iterator[tuple[bytes, bytes]]:
  """Drops duplicates, near-duplicates and what is over the cap: (key, text)."""
  seen = SeenTable.for_text(spool.size)
  previous = b""
  for document_key, text in spool.in_order():
    if document_key == previous:
      counts.duplicates += 1
      continue
    previous = document_key
    if rules.cap_bytes is not None and counts.kept_bytes >= rules.cap_bytes:
      counts.over_cap += 1
      continue
    if _near_duplicate(text, seen, rules):
      counts.near_duplicates += 1
      counts.near_duplicate_bytes += len(text)
      continue
    yield document_key, text
  counts.table_false_positives = seen.false_positive_rate()


def _near_duplicate(text: bytes, seen: SeenTable, rules: Rules) -> bool:
  """Whether most shingles were seen before; adds them if it is kept.

  Of a prompt and its response the response is judged: many prompts share an
  instruction or a passage.
  """
  text = text.rpartition(RESPONSE.encode())[2]
  if rules.whitespace_words:
    words = b" ".join(text.split())
  else:
    words = normalised(text.decode())
  hashes = shingle_hashes(words, rules.shingle_words)
  old = seen.contains(hashes)
  if len(hashes) > SHINGLES_TO_JUDGE and 2 * old.sum() > len(hashes):
    return True
  seen.add(hashes)
  return False


class _Spool:
  """Documents waiting to be sorted by key, in buckets that spill to disk."""

  _HEAD = struct.Struct("<32sI")

  def __init__(self):
    self.size = 0
    self._buckets = [
      tempfile.SpooledTemporaryFile(max_size=_BUCKET_MEMORY)
      for _ in range(_BUCKETS)
    ]

  def __enter__(self) -> _Spool:
    return self

  def __exit__(self, *unused) -> None:
    for bucket in self._buckets:
      bucket.close()

  def add(self, document_key: bytes, text: bytes) -> None:
    bucket = self._buckets[document_key[0]]
    bucket.write(self._HEAD.pack(document_key, len(text)))
    bucket.write(text)
    self.size += len(text)

  def in_order(self) -> Iterator[tuple[bytes, bytes]]:
    """Yields (key, text) by key, equal keys by text; empties the buckets."""
    for bucket in self._buckets:
      bucket.seek(0)
      records = []
      while head := bucket.read(self._HEAD.size):
        document_key, length = self._HEAD.unpack(head)
        records.append((document_key, bucket.read(length)))
      bucket.close()
      records.sort()
      yield from records
