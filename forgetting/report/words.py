"""Sentences: what the numbers say, for people who have not read the paper."""

from collections.abc import Iterator, Sequence
import math

from forgetting.laws.cautions import disagreeing
from forgetting.laws.invert import halving_injection
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import Counsel, DomainLaws
from forgetting.report.style import count, percent


def headline(
  evidence: Evidence,
  fits: Sequence[DomainLaws],
  counsels: Sequence[Counsel],
  tolerance: float,
) -> list[str]:
  """Says what was run, what was measured, and what to do.

  Args:
    evidence: the runs.
    fits: the laws of each domain.
    counsels: the advice of each cell.
    tolerance: forgetting that it allows, nats per token.

  Returns:
    a sentence each.
  """
  if not len(evidence.measured):
    return [nothing_measured(evidence)]
  sentences = [what_was_run(evidence), _measured(evidence)]
  if line := evidence.methods:
    sentences.append(f"{line[0].upper()}{line[1:]}.")
  sentences.append(_advised(counsels, tolerance))
  return [*sentences, *_how_sure(fits, counsels, tolerance)]


def what_was_run(evidence: Evidence) -> str:
  """Says in a sentence what was run: sizes, domains, tokens and time."""
  runs = evidence.measured
  sizes, tokens = runs["model_params"], runs["target_tokens"]
  said = [
    f"{_plural(len(runs), 'fine-tuning')} of "
    f"{_plural(sizes.nunique(), 'model size')} "
    f"({_between(sizes)} parameters) on "
    f"{_plural(runs['domain'].nunique(), 'domain')} "
    f"({_domains(evidence)}) with "
    f"{_between(tokens)} target tokens"
  ]
  trained = evidence.runs["tokens"].dropna().astype(float).sum()
  if trained:
    said.append(f"{count(trained)} tokens trained on")
  seconds = evidence.seconds
  if seconds:
    said.append(f"{duration(seconds)} of computing")
  return f"{', '.join(said)}."


def _domains(evidence: Evidence) -> str:
  names = sorted(evidence.measured["domain"].astype(str).unique())
  return "; ".join(map(evidence.title, names))


def _plural(number: int, noun: str) -> str:
  return f"{number} {noun}{'' if number == 1 else 's'}"


def _between(values) -> str:
  low, high = count(values.min()), count(values.max())
  return low if low == high else f"{low} to {high}"


def nothing_measured(evidence: Evidence) -> str:
  """Says in a sentence that nothing has finished, and what has."""
  done = int((evidence.pretrainings["status"] == "done").sum())
  waiting = len(evidence.finetunings)
  failed = int((evidence.finetunings["status"] == "diverged").sum())
  todo = "go on with the study"
  if waiting and failed == waiting:
    todo = "stop_reason in each result.json says why; mend that"
  return (
    f"No fine-tuning has finished (pretrainings finished: {done}, fine-tunings "
    f"begun: {waiting}, diverged: {failed}): {todo}, then write this page"
    " again."
  )


def _measured(evidence: Evidence) -> str:
  runs = evidence.measured
  cell = ["domain", "model_params", "target_tokens"]
  table = runs.pivot_table(
    index=cell, columns="injection", values="forgetting", aggfunc="mean"
  )
  levels = [p for p in table.columns if p > 0]
  if 0 not in table.columns:
    low, high = runs["forgetting"].min(), runs["forgetting"].max()
    return (
      "Fine-tuning changed the pretraining loss by "
      f"{spread(low, high)} nats per token; no run went without injection."
    )
  none = table[0].dropna()
  first = (
    "Fine-tuning without injection raised the pretraining loss by "
    f"{spread(none.min(), none.max())} nats per token"
  )
  shares = {p: _share_left(table, p) for p in levels}
  shares = {p: share for p, share in shares.items() if share is not None}
  if not shares:
    return f"{first}."
  kept = [f"{percent(p)} left {_left(s)}" for p, s in shares.items()]
  return (
    f"{first}; of that forgetting, in the median cell, injecting {_list(kept)}."
  )


def _share_left(table, injection: float) -> float | None:
  """Median of F(p) / F(0) over the cells that have both and forget at 0."""
  both = table[[0, injection]].dropna()
  both = both[both[0] > 0]
  if not len(both):
    return None
  return float((both[injection] / both[0]).median())


def _left(share: float) -> str:
  return f"{100 * share:.0f} %" if share > 0 else "nothing"


def spread(low: float, high: float) -> str:
  """Writes a range of losses; one number where both ends read the same."""
  if f"{low:.3f}" == f"{high:.3f}":
    return f"{low:.3f}"
  return f"{low:.3f} to {high:.3f}"


def _list(parts: Sequence[str]) -> str:
  if len(parts) < 2:
    return "".join(parts)
  return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _how_sure(
  fits: Sequence[DomainLaws], counsels: Sequence[Counsel], tolerance: float
) -> Iterator[str]:
  """Which law says so, how it did when tried, and what others say."""
  largest = {c.domain: c for c in _largest(counsels)}
  for domain in fits:
    counsel = largest.get(domain.domain)
    if domain.advisors is None or counsel is None or counsel.advice is None:
      continue
    point = {"N": counsel.model_params, "D": counsel.target_tokens}
    choice, advice = domain.advisors.choose(), counsel.advice
    text = f"{domain.domain}: by the law {advice.law}"
    if choice.trial.rows:
      text += (
        f", which missed {advice.error:.2g} nats of forgetting when tried"
        f" ({advice.tried})"
      )
    others = disagreeing(
      domain.advisors, choice, point, tolerance, (advice.low, advice.high)
    )
    said = "; ".join(others)
    yield f"{text}. " + (f"But {said}." if said else "Other forms agree.")


def _largest(counsels: Sequence[Counsel]) -> list[Counsel]:
  """The advice for the largest fine-tuning of each domain."""
  return [
    max(
      (c for c in counsels if c.domain == domain),
      key=lambda c: (c.model_params, c.target_tokens),
    )
    for domain in dict.fromkeys(c.domain for c in counsels)
  ]


def _advised(counsels: Sequence[Counsel], tolerance: float) -> str:
  largest = _largest(counsels)
  shared = len({_where(c) for c in largest}) == 1
  at = f" {_where(largest[0])}" if shared else ""
  parts = "; ".join(
    f"{c.domain}{'' if shared else ' ' + _where(c)}: {_inject(c)}"
    for c in largest
  )
  return f"To keep forgetting under {tolerance:g} nats per token{at}: {parts}."


def _where(counsel: Counsel) -> str:
  return (
    f"with {count(counsel.model_params)} parameters and "
    f"{count(counsel.target_tokens)} target tokens"
  )


def _inject(counsel: Counsel) -> str:
  advice, measured = counsel.advice, counsel.measured_injection
  if advice is None:
    if math.isinf(measured):
      return "no injection that was run is enough"
    return f"{percent(measured)} was enough, the least of those run"
  if math.isinf(advice.injection):
    return "by the fitted law no injection is enough"
  beyond = ", beyond the runs" if advice.beyond else ""
  limits = interval(advice.low, advice.high)
  return f"inject {percent(advice.injection, 2)} ({limits}{beyond})"


def interval(low: float, high: float) -> str:
  """Writes the 95 % interval between two injections."""
  if math.isinf(low):
    return "95 % interval: none suffices"
  if math.isinf(high):
    return f"95 % interval from {percent(low, 2)} to none suffices"
  return f"95 % interval {percent(low, 2)} to {percent(high, 2)}"


def flags(counsel: Counsel) -> list[str]:
  """Tells what a reader must know before using a cell's advice."""
  advice, out = counsel.advice, []
  if advice is None:
    return ["no law: measured only"]
  if math.isinf(advice.injection):
    return ["infeasible"]
  for axis, factor in advice.beyond.items():
    name = axis.replace("_", " ")
    out.append(f"extrapolated: {name} {factor:.2g} × beyond the runs")
  if 0.005 < advice.feasible < 0.995:
    out.append(f"feasible in {100 * advice.feasible:.0f} % of resamples")
  if counsel.disagrees:
    out.append("law and measurement disagree")
  return out


def half(fit) -> str:
  """Says which injection halves forgetting.

  Args:
    fit: of the published form.

  Returns:
    a sentence; "" where the data do not identify it.
  """
  if {"alpha", "B"} & set(fit.unidentified):
    return ""
  value = halving_injection(fit).value
  if value > 1:
    return "By this law no injection halves the forgetting."
  return f"By this law injecting {percent(value)} halves the forgetting."


def ratio_verdict(laws: DomainLaws) -> str:
  """Says what came of the test of the law's sharpest consequence."""
  claim = (
    "The law says that the share of forgetting that an injection leaves, "
    "F(p)/F(0), is the same at every model size and every amount of data. "
  )
  test = laws.ratio
  if test is None:
    why = laws.why.get("ratio", "")
    return f"{claim}This study cannot test that{': ' if why else ''}{why}."
  if test.consistent:
    return f"{claim}These runs are consistent with that."
  found = _list(_helps(test))
  return f"{claim}These runs say otherwise: {found}."


def _helps(test) -> list[str]:
  out = []
  for name, what in (("mu", "larger models"), ("nu", "more target tokens")):
    _, low, high = test.powers[name]
    if low > 0 or high < 0:
      out.append(f"injection helps {'more' if low > 0 else 'less'} with {what}")
  return out


def duration(seconds: float) -> str:
  """Writes a time as people do: 90 s, 5 min, 2.5 h."""
  if seconds < 120:
    return f"{seconds:.0f} s"
  if seconds < 7200:
    return f"{seconds / 60:.0f} min"
  return f"{seconds / 3600:.1f} h"
