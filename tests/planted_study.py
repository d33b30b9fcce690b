"""A synthetic study that obeys a planted forgetting law, and its page read."""

import html.parser
import itertools
import re

import numpy as np

from forgetting import report
from forgetting.config import Model, Optimizer, Run
from forgetting.records import RunDirectory

SIZES = ((2, 16), (3, 32), (4, 64))  # layers, width


TOKENS = (12800, 25600, 51200)


INJECTIONS = (0.0, 0.01, 0.05, 0.2)


def plant(
  root,
  *,
  domains=("kjv", "wiki_fr"),
  sizes=SIZES,
  tokens=TOKENS,
  injections=INJECTIONS,
  strength=300.0,
  noise=0.004,
  study="toy",
  seed=0,
):
  """Writes the run directories of a study; gives its folder."""
  generator = np.random.default_rng(seed)
  for layers, width in sizes:
    model = Model(layers=layers, width=width, heads=2)
    parent = Run(
      model=model,
      optimizer=Optimizer(peak_lr=3e-3),
      steps=2000,
      batch_size=8,
      pretraining=("wiki_en", "shakespeare"),
      injection=1.0,
    )
    base = 1.4 + 8.0 * model.model_params**-0.18
    write_pretraining(root, study, parent, base)
    for (i, domain), amount, p in itertools.product(
      enumerate(domains), tokens, injections
    ):
      run = Run(
        model=model,
        optimizer=Optimizer(peak_lr=1e-3),
        steps=600,
        batch_size=8,
        pretraining=parent.pretraining,
        parent=parent,
        injection=p,
        domain=domain,
        target_tokens_asked=amount,
      )
      injected = (1 + strength * p) * model.model_params
      forgetting = (1.0 - 0.4 * i) * (amount / 51200) ** 0.5
      forgetting *= (injected / 6000) ** -0.3
      target = 0.8 + 6.0 * model.model_params**-0.1 * amount**-0.04
      write_finetuning(
        root,
        study,
        run,
        base=base,
        forgetting=forgetting,
        target=target,
        noise=noise * generator.normal(size=2),
        generator=generator,
      )
  return root / study


def common(run, **values):
  return dict(
    device="cpu",
    executor="process",
    wall_seconds=12.5,
    host="h",
    versions={"forgetting": "0.1.0", "jax": "0.10.2", "python": "3.11.9"},
    seconds={"training": 9.0, "evaluation": 1.5},
    processes=1,
    **values,
  )


def write_pretraining(root, study, run, base):
  directory = RunDirectory.of(root, study, run)
  directory.create(run)
  for step in run.evaluation.steps(run.steps):
    loss = base + 3 * np.exp(-step / 300)
    directory.append(
      dict(
        step=step,
        tokens=step * 1024,
        epoch=None,
        pretrain_loss=loss,
        target_loss=None,
        lr=1e-3,
        seconds=1.0,
      )
    )
  directory.write_result(
    common(
      run,
      status="done",
      stop_reason="all steps done",
      steps=run.steps,
      best_step=run.steps,
      tokens=run.steps * 1024,
      pretrain_loss=base,
      base_pretrain_loss=5.6,
      target_loss=None,
      base_target_loss=None,
    )
  )


def write_finetuning(
  root, study, run, *, base, forgetting, target, noise, generator
):
  """A U-curve of the target loss, a pretraining loss that keeps rising."""
  directory = RunDirectory.of(root, study, run)
  directory.create(run)
  best = 60 + 3 * run.target_tokens / 1024
  steps = [s for s in run.evaluation.steps(run.steps) if s < 4 * best]
  curve = []
  for step in steps:
    turn = np.log(max(step, 1) / best)
    u = target + 0.05 * turn**2 * (1.5 if turn > 0 else 0.6)
    if step == 0:
      u = target + 1.1
    rise = forgetting * min(step / best, 3) ** 0.6
    jitter = 0.002 * generator.normal(size=2) * (step > 0)
    curve.append((step, base + rise + jitter[0], u + jitter[1]))
    directory.append(
      dict(
        step=step,
        tokens=step * 1024,
        epoch=step / 50,
        lr=1e-3,
        seconds=1.0,
        pretrain_loss=curve[-1][1],
        target_loss=curve[-1][2],
      )
    )
  best_step = min(curve, key=lambda c: c[2])[0]
  directory.write_result(
    common(
      run,
      status="done",
      stop_reason="target loss turned",
      steps=steps[-1],
      best_step=best_step,
      tokens=steps[-1] * 1024,
      base_pretrain_loss=base,
      base_target_loss=target + 1.1,
      pretrain_loss=(base + forgetting) * float(np.exp(noise[0])),
      target_loss=target * float(np.exp(noise[1])),
      pretrain_bits_per_byte=(base + forgetting) / np.log(2),
      base_pretrain_bits_per_byte=base / np.log(2),
      forgetting_standard_error=0.006,
    )
  )


def diverge(study, *, only=""):
  """Has the runs of a planted study diverge at base, as NaN weights have it."""
  for result in study.glob(f"*{only}*/result.json"):
    lost = dict.fromkeys(("pretrain_loss", "target_loss"))
    record = dict(step=0, tokens=0, epoch=0.0, lr=0.0, seconds=1.0, **lost)
    (result.parent / "records.jsonl").unlink()
    directory = RunDirectory(result.parent)
    directory.append(record)
    directory.write_result(dict(status="diverged", steps=0, stop_reason="NaN"))


class Page(html.parser.HTMLParser):
  """Tags, ids, addresses, text and tables of a page."""

  VOID = ("meta", "link", "br", "img", "hr", "input", "wbr")

  def __init__(self, text):
    super().__init__()
    self.source, self.open, self.ids, self.links = text, [], [], []
    self.words, self.rows = [], []
    self.feed(text)
    assert not self.open, f"left open: {self.open}"
    self.text = re.sub(r"\s+", " ", " ".join(self.words))

  def handle_starttag(self, tag, attrs):
    attrs = dict(attrs)
    if "id" in attrs:
      self.ids.append(attrs["id"])
    self.links += [
      attrs[k] for k in ("href", "src", "xlink:href") if k in attrs
    ]
    if tag == "tr":
      self.rows.append([])
    if tag in ("td", "th"):
      self.rows[-1].append("")
    if tag not in self.VOID:
      self.open.append(tag)

  def handle_endtag(self, tag):
    assert self.open.pop() == tag

  def handle_startendtag(self, tag, attrs):
    self.handle_starttag(tag, attrs)
    if tag not in self.VOID:
      self.open.pop()

  def handle_data(self, data):
    if self.open and self.open[-1] in ("style", "script"):
      return
    self.words.append(data)
    if self.open and {"td", "th"} & set(self.open):
      self.rows[-1][-1] += data.replace("\u00a0", " ")


def page_of(study, **options):
  return Page(report.write(study, **options).read_text())
