"""Text that a parent writes for its children: made once, shared by all.

It is a function of the parent's weights and of the settings, and is kept under
the hash of both. Processes that want the same share the work, a part each; what
was interrupted goes on after the last whole part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import dataclasses
import fcntl
import functools
import os
import pathlib
import shutil
import sys
import time
import typing

import numpy as np

from forgetting.config import InputError, Run, SelfText, canonical
from forgetting.config.pretrained import Pretrained
from forgetting.config.replay_source import SELF, OtherText
from forgetting.data import cache, hub, samples, tokenizers
from forgetting.data.documents import Split
from forgetting.data.permutation import permute, stream_key
from forgetting.data.pool import Pool
from forgetting.records import StudyDirectory
from forgetting.runs import starts, text_sources
from forgetting.runs import text as run_text
from forgetting.runs.asked import Asked
from forgetting.training import sampling_size

if typing.TYPE_CHECKING:
  from forgetting.training.models.family import Params
  from forgetting.training.sampling import Sampler

AT_MOST = 4  # times as many chunks as are wanted, until it is given up
HELD_OUT = 1 << 31  # from this number on: chunks that are never injected


def resolved(run: Run, study: StudyDirectory) -> Run:
  """The run that reads what its parent has written, written here if need be.

  Args:
    run: any; one that reads no samples is given back as it is.
    study: where its parent is.

  Returns:
    the same run with the samples named as other text, for all that reads text.

  Raises:
    InputError: the parent is not there, or writes loops alone.
  """
  if not text_sources.waits_for_samples(run):
    return run
  source, changes = run.replay_source, dict[str, typing.Any]()
  held = SelfText(chunks=run.evaluation.full_pretrain)
  written = _ensure(_asked(run, study, held, Split.VALIDATION), run, study)

  def named(sources: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(written if one == SELF else one for one in sources)

  if isinstance(source, SelfText):
    train = _ensure(_asked(run, study, source, Split.TRAIN), run, study)
    changes["replay_source"] = OtherText(sources=(train,))
  changes["pretraining"] = named(run.pretraining)
  if SELF not in run.pretraining:
    beside = [*run.beside, *([] if SELF in run.beside else [SELF])]
    changes["beside"] = named(tuple(beside))
  return dataclasses.replace(run, **changes)


def _asked(
  run: Run, study: StudyDirectory, text: SelfText, split: Split
) -> Asked:
  parent = run.parent
  name = parent.path if isinstance(parent, Pretrained) else parent.name
  return Asked(
    text=text,
    split=split,
    context=run.model.context,
    tokenizer=run.tokenizer,
    weights=_weights(run, study),
    parent=name,
    rows=sampling_size.rows(text.chunks, run.model),
  )


def _weights(run: Run, study: StudyDirectory) -> str:
  """Hash of what the parent's weights are."""
  if isinstance(run.parent, Pretrained):
    return hub.identity(run.parent)["weights"]
  result = study.of(run.parent).path / "result.json"
  if not result.exists():
    raise InputError(
      f"{run.name}: found no result of {run.parent.name}, expected it: it"
      " writes the text that is injected"
    )
  return _weights_of(run.parent, study, os.stat(result).st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _weights_of(parent: Run, study: StudyDirectory, when: int) -> str:
  from forgetting.training import sampling

  del when
  return sampling.weights_sha256(starts.load_params(study.of(parent), parent))


def _ensure(asked: Asked, run: Run, study: StudyDirectory) -> str:
  """Writes samples unless they are there; their source."""
  source = asked.source
  if _written(source):
    return source
  from forgetting.training import processes

  if processes.count() > 1:
    raise InputError(
      f"{run.name}: found {processes.count()} processes and no samples of"
      f" {asked.parent}, expected one process, or samples: do one of its"
      " children on one host of the same cache first"
    )
  prompts = _prompts(asked, run)
  write(
    asked,
    model=run.model,
    load=functools.partial(starts.load_parent, study, run),
    prompts=prompts,
  )
  return source


def _prompts(asked: Asked, run: Run) -> Pool | None:
  if not asked.text.prompts:
    return None
  sources = text_sources.other_sources(run)
  return Pool.of(run_text.opened(run, sources), "train")


def write(
  asked: Asked,
  *,
  model,
  load: Callable[[], Params],
  prompts: Pool | None,
) -> None:
  """Writes samples, together with whoever else writes them just now.

  Args:
    asked: which.
    model: of the parent.
    load: gives its parameters.
    prompts: text that chunks begin with, if any.

  Raises:
    InputError: hardly anything is left once loops and near-duplicates are out.
  """
  folder = cache.root() / "parts" / samples.folder_of(asked.source).name
  folder.mkdir(parents=True, exist_ok=True)
  writer = _Writer(asked, model, load, prompts)
  size, wanted = asked.rows * asked.links, asked.text.chunks
  most, parts = -(-AT_MOST * wanted // size), -(-wanted // size)
  filters = asked.split is Split.TRAIN
  try:
    while True:
      chunks = _parts(folder, parts, writer)
      if not filters:
        found = samples.Kept(np.arange(wanted), wanted, 0, 0)
      else:
        found = samples.kept(chunks, wanted=wanted, tokenizer=asked.tokenizer)
      if len(found.index) == wanted:
        break
      parts += 1
      if parts > most:
        raise InputError(
          f"SelfText: found {len(found.index)} of {found.seen} chunks of"
          f" {asked.parent} that are no loops ({found.loops}) and no"
          f" near-duplicates ({found.duplicates}), expected {wanted}; raise"
          " temperature or top_p, or lower chunks"
        )
    samples.write(
      asked.source,
      chunks[found.index],
      split=asked.split,
      without_loss=asked.text.prompt_tokens - 1 if prompts else 0,
      tokenizer=asked.tokenizer,
      about=_about(asked, found),
    )
  except (FileNotFoundError, _Written):
    # another process may have ended first, and taken the parts away
    if not _written(asked.source):
      raise
  shutil.rmtree(folder, ignore_errors=True)


class _Written(Exception):
  """Another process has ended first."""


def _written(source: str) -> bool:
  return (samples.folder_of(source) / "meta.json").exists()


def _about(asked: Asked, found: samples.Kept) -> dict:
  told = (
    f"written by {asked.parent} weights sha256:{asked.weights},"
    f" {canonical.to_json(asked.text)}"
  )
  if asked.split is Split.TRAIN:
    told += (
      f"; of {found.seen} chunks {found.loops} are loops and"
      f" {found.duplicates} near-duplicates, left out"
    )
  counts = dict(seen=found.seen, loops=found.loops, duplicates=found.duplicates)
  return dict(source=told, samples=counts)


def _parts(folder: pathlib.Path, count: int, writer: _Writer) -> np.ndarray:
  """All parts, one after another; those that nobody writes are written."""
  files = [folder / f"{number}.npy" for number in range(count)]
  while missing := [n for n, file in enumerate(files) if not file.exists()]:
    wrote = False
    for number in missing:
      with _mine(folder / f"{number}.lock") as mine:
        if mine and not files[number].exists():
          # samples are there before parts are taken away
          if _written(writer.asked.source):
            raise _Written
          chunks = writer.part(number)
          with cache.scratch(folder, f"{number}") as work:
            np.save(work / "part.npy", chunks)
            os.replace(work / "part.npy", files[number])
          wrote = True
    if not wrote:
      time.sleep(0.1)  # others are at them
  return np.concatenate([np.load(file) for file in files])


@contextlib.contextmanager
def _mine(lock: pathlib.Path) -> Iterator[bool]:
  with open(lock, "w") as file:
    try:
      fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      yield False
      return
    yield True


class _Writer:
  """Writes parts; the program is compiled at the first."""

  def __init__(self, asked: Asked, model, load, prompts: Pool | None):
    self.asked, self._model, self._load = asked, model, load
    self._prompts = prompts

  @functools.cached_property
  def _sampler(self) -> Sampler:
    from forgetting.training import sampling

    return sampling.compile_sampler(self._model, rows=self.asked.rows)

  @functools.cached_property
  def _params(self) -> Params:
    return self._sampler.to_devices(self._load())

  def part(self, number: int) -> np.ndarray:
    """The chunks of a part, int32 [rows x links, L+1], chain after chain."""
    asked, start = self.asked, time.monotonic()
    rows, links, length = asked.rows, asked.links, asked.context + 1
    chains = number * rows + np.arange(rows)
    first = chains * links
    if asked.split is Split.VALIDATION:
      first += HELD_OUT
    out, tokens = [], np.zeros((rows, length), np.int32)
    tokens[:, 0] = tokenizers.begin(tokenizers.find(asked.tokenizer))
    given = 1
    for link in range(links):
      numbers = first + link
      if self._prompts is not None:
        given = min(asked.text.prompt_tokens, length)
        tokens = _prompted(self._prompts, numbers, seed=asked.text.seed)
      tokens = self._continued(tokens, given, numbers)
      out.append(tokens)
      tokens = np.roll(tokens, 1, axis=1)  # the last token is the next one's
    seconds = time.monotonic() - start
    speed = rows * links * asked.context / seconds
    name = samples.folder_of(asked.source).name
    told = f"{asked.parent} writes {name}: part {number + 1}"
    told += f", {rows * links} chunks, {speed:,.0f} tokens a second"
    print(f"forgetting: {told}", file=sys.stderr, flush=True)
    return np.stack(out, axis=1).reshape(-1, length)

  def _continued(self, tokens, given: int, numbers) -> np.ndarray:
    asked = self.asked
    try:
      return self._sampler.continued(
        self._params,
        tokens,
        given=given,
        number_B=numbers,
        seed=asked.text.seed,
        temperature=asked.text.temperature,
        top_p=asked.text.top_p,
      )
    except InputError as error:
      raise InputError(f"SelfText: {asked.parent}: {error}") from error


def _prompted(pool: Pool, numbers: np.ndarray, *, seed: int) -> np.ndarray:
  key = stream_key(seed, "prompts")
  return pool.take(permute(numbers % len(pool), len(pool), key=key))
