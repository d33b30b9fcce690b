"""The verb that is a gate: two models, what the second has forgotten."""

import dataclasses
import sys
import time
from typing import Annotated

import tyro

from forgetting.cli.answers import ROOT, find_model, tell
from forgetting.cli.options import Json, Root
from forgetting.config import InputError
from forgetting.config.replay_source import SELF


def check(
  base: tyro.conf.Positional[
    Annotated[
      str,
      tyro.conf.arg(
        metavar="BASE",
        help="The model before: a run, as STUDY/RUN under --root; a"
        " checkpoint's folder or hub id.",
      ),
    ]
  ],
  tuned: tyro.conf.Positional[
    Annotated[
      str,
      tyro.conf.arg(
        metavar="TUNED",
        help="The model after: the same, or a PEFT adapter over BASE.",
      ),
    ]
  ],
  *,
  text: tuple[str, ...] = (),
  tolerance: str = "0.05,0.03",
  tasks: str = "",
  sequences: int = 256,
  context: int | None = None,
  out: str | None = None,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Tell what a tuned model has forgotten, and whether that is too much.

  The exit code is 0 where the tolerance is kept, 1 where it is not, 2 where
  the question is wrong.

  Example: forgetting check ./SmolLM2-135M ./my-tuned --text mix

  Args:
    text: Text to measure on: names or sets of the catalogue, files,
      hf:org/name; by default what a base of ours was pretrained on.
    tolerance: Bits a byte that may be lost: of any source, of their mean.
    tasks: Accuracies too, by lm-evaluation-harness: hellaswag,arc_challenge.
    sequences: Of each source, at most.
    context: Tokens a sequence; by default that of a run of ours, or 256.
    out: A folder to write a page, and a summary in Markdown, to.
  """
  from forgetting.laws import gate, gate_accuracies
  from forgetting.report import gate_page

  allowed = gate.Tolerance.parse(tolerance)
  if sequences < 2:
    raise InputError(
      f"--sequences: found {sequences}, expected two or more: there is no"
      " standard error of one"
    )
  from forgetting.runs import accuracies, checking, sides

  asked = [task for task in tasks.split(",") if task]
  if asked:
    accuracies.program()
  before, after = sides.pair(
    find_model(base, root), find_model(tuned, root), context=context
  )
  own = before.run.pretraining if before.run else ()
  # what a model wrote is not kept for others
  sources = text or tuple(source for source in own if source != SELF)
  if out is not None:
    gate_page.folder_of(out)  # a measurement is not made to be lost
  found = checking.measure(
    before, after, sources, sequences=sequences, tell=_teller()
  )
  verdict = _verdict(before, after, found, allowed, own_text=not text)
  if asked:
    answered = accuracies.measure(before, after, asked)
    verdict = dataclasses.replace(
      verdict, accuracies=gate_accuracies.paired(*answered)
    )
  tell(verdict, verdict.as_dict(), json=json)
  if out is not None:
    page = gate_page.write(verdict, out)
    if json != "-":
      print(f"page: {page}")
  return 1 if verdict.broken else 0


def _teller():
  """Says now and then, on standard error, how much is measured."""
  from forgetting.study.progress import HEARTBEAT, clock

  start = said = time.monotonic()

  def tell(done: int, whole: int) -> None:
    nonlocal said
    now = time.monotonic()
    if now - said < HEARTBEAT or done == whole:
      return
    said = now
    left = (now - start) * (whole - done) / done
    print(
      f"measured {done:,} of {whole:,} sequences, about {clock(left)} left",
      file=sys.stderr,
    )

  return tell


def _verdict(before, after, found, allowed, *, own_text: bool):
  from forgetting.laws import gate, gate_changes

  seen = found.measured
  changes = gate_changes.by_source(
    seen.source, found.base, found.tuned, found.again, seen.counted, seen.bytes
  )
  most, least = gate_changes.extremes(
    seen.source, found.tuned - found.base, found.texts
  )
  return gate.Verdict(
    before.path,
    after.path,
    before.model.context,
    changes,
    allowed,
    most,
    least,
    _progress(before, found) if own_text else None,
  )


def _progress(before, found) -> float | None:
  """Percent of pretraining undone, by the base's own curve."""
  from forgetting import records
  from forgetting.laws.curve import Curve
  from forgetting.laws.tolerance import from_nats
  from forgetting.storage.places import place

  lines = [
    (line["step"], line["pretrain_loss"])
    for line in records.RunDirectory(place(before.path)).records()
    if line["pretrain_loss"] is not None
  ]
  if before.run.parent is not None or len(lines) < 2:
    return None
  curve = Curve(*zip(*lines, strict=True))
  base = found.measured.mean(found.base)
  lost = found.measured.mean(found.tuned) - base
  return from_nats(lost, "progress", base_loss=base, curve=curve)
