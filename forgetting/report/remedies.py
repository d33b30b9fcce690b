"""The page's section on remedies: methods side by side, at one target loss."""

from dataclasses import dataclass
from html import escape
import math
from typing import TYPE_CHECKING

from forgetting import records
from forgetting.config import InputError
from forgetting.laws import answers_remedies
from forgetting.records import plan_file
from forgetting.report import figure_remedies
from forgetting.report.evidence import Evidence
from forgetting.report.markup import number, swatch, table
from forgetting.report.style import count, percent

if TYPE_CHECKING:
  import pandas as pd

CAPTION = (
  "What is forgotten for what is learnt, along each remedy's best strength; "
  "further down is less forgotten, further left is more learnt. Remedies are "
  "compared at the dotted line, a target loss near plain fine-tuning's best. "
  "Below the dashed hull lies no point of any run."
)
STOPPED = 0.0005  # nats of forgetting, of which three digits are told
HEADER = (
  "Domain", "Remedy", "At its best", "Forgetting", "Removed",
  "Worth an injection of", "95 %", "FLOPs",
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
  """A study's remedies, side by side.

  Attributes:
    data: of `laws.answers_remedies`.
    points: that are drawn: `figure_remedies.table`.
  """

  data: dict
  points: "pd.DataFrame"


def compare(evidence: Evidence) -> Compared | None:
  """Compares the remedies of a study that has several methods.

  Args:
    evidence: the runs.

  Returns:
    None where there is one method, or no plain run to compare with.
  """
  curves = evidence.curves
  if not len(curves) or evidence.finetunings["method"].nunique() < 2:
    return None
  blends = records.blends(evidence.folder)
  planned = plan_file.planned(evidence.folder)
  try:
    data = answers_remedies.remedies(
      curves, evidence.runs, blends, planned=planned
    ).data
  except InputError:
    return None
  return Compared(data, figure_remedies.table(data, curves, blends))


def section(compared: Compared, evidence: Evidence) -> str:
  """Tells each remedy at its best, and what pairs do together.

  Args:
    compared: of `compare`.
    evidence: the runs.

  Returns:
    HTML.
  """
  rows, pairs, stops = [], [], []
  for cell in compared.data["cells"]:
    known = cell["cell"]
    name = swatch(known["domain"], evidence.domains)
    several = len(compared.data["cells"]) > len(evidence.domains)
    if several:
      name += (
        f", {count(known['model_params'])}, {count(known['target_tokens'])}"
      )
    plain = cell["best"][0]
    rows += [[name, *_row(arm, plain)] for arm in cell["best"]]
    pairs += [[name, *_pair(pair)] for pair in cell["together"]]
    stops.append(_stop(known["domain"], cell["stop"]))
  text = table(list(HEADER), rows, text=(0, 1, 2), fold=False)
  text += (
    "<p>Forgetting in nats per token where the target loss is first that low, "
    "± its standard error. An injection of that worth forgets as little there, "
    "by the law that counts tokens. FLOPs until there, as a part of plain "
    "fine-tuning's.</p>"
  )
  if pairs:
    head = ["Domain", "Both", "Kept beside injection", "Verdict"]
    text += table(head, pairs, text=(0, 1, 3))
  text += f'<p class="note">{" ".join(stops)}</p>'
  undone = sum(m["undone"] for m in compared.data["missing"])
  if undone:
    text += f'<p class="note">{undone} runs are not done.</p>'
  return text


def _row(arm: dict, plain: dict) -> list[str]:
  work = arm["work"] / plain["work"] if plain["work"] else math.nan
  forgetting = "not reached"
  if arm["reached"]:
    forgetting = f"{number(arm['forgetting'])} ± {number(arm['error'])}"
  told = not math.isnan(arm["worth"])
  interval = f"{_worth(arm['worth_low'])} to {_worth(arm['worth_high'])}"
  return [
    escape(arm["remedy"]),
    escape(arm["arm"]),
    forgetting,
    number(arm["removed"]),
    _worth(arm["worth"]),
    interval if told else "–",
    number(work, 2),
  ]


def _worth(value: float) -> str:
  if math.isnan(value):
    return "–"
  return "more" if math.isinf(value) else percent(value, 2)


def _pair(pair: dict) -> list[str]:
  share = "–"
  if not math.isnan(pair["share"]):
    share = f"{number(pair['share'], 2)} ± {number(pair['error'], 2)}"
  return [escape(pair["both"]["arm"]), share, escape(pair["verdict"])]


def _stop(domain: str, stop: dict) -> str:
  if stop["removed"] < STOPPED:
    return (
      f"Plain fine-tuning on {escape(domain)} gains nothing by stopping one "
      "standard error before the bottom of its U-curve."
    )
  return (
    f"Stopped one standard error before the bottom of its U-curve, plain "
    f"fine-tuning on {escape(domain)} forgets {number(stop['removed'])} of "
    f"{number(stop['forgetting'])} nats less, for {number(stop['paid'], 4)} "
    "nats of target loss."
  )
