"""The laws of each domain, and what they advise."""

from dataclasses import dataclass
import math

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import lockstep, trained
from forgetting.laws.advisors import Advisors, Choice, fitting_advisors, name_of
from forgetting.laws.fit import fitting_table
from forgetting.laws.fits import working_out
from forgetting.laws.lockstep import Search
from forgetting.laws.ratio import testing
from forgetting.laws.trials import trying_everywhere
from forgetting.report.evidence import Evidence, cells

# powers of the law of the bottom, what they are of, and their values where as
# many passes are made at all of them
BOTTOM_POWERS = (("nu", "model_params", 0.0), ("delta", "target_tokens", 1.0))


@dataclass(frozen=True)
class DomainLaws:
  """What one domain's runs give; a fit that they do not give is None.

  Attributes:
    domain: its name.
    forgetting, target: the paper's two laws.
    bottom: the law of when the target loss turns.
    with_constant: the forgetting law with E free.
    advisors: the forms of the forgetting law, and which answers where.
    ratio: the test of F(p)/F(0).
    why: the one line of each that is missing, by field name.
  """

  domain: str
  forgetting: laws.Fit | None
  with_constant: laws.Fit | None
  target: laws.Fit | None
  bottom: laws.Fit | None
  advisors: Advisors | None
  ratio: laws.RatioTest | None
  why: dict[str, str]

  @property
  def advisor(self) -> laws.Fit | None:
    """The form that answers questions inside the data."""
    return self.advisors and self.advisors.best

  @property
  def forms(self) -> tuple[laws.Fit, ...]:
    """All forms of the forgetting law that could be fitted."""
    return self.advisors.forms if self.advisors else ()

  @property
  def choices(self) -> dict[tuple[tuple[str, int], ...], Choice]:
    """Where (as `trials.side` tells it) -> the form that answers there."""
    return self.advisors.everywhere() if self.advisors else {}

  @property
  def answering(self) -> list[laws.Fit]:
    """The forms that answer somewhere, in the order of `forms`."""
    used = {id(choice.fit) for choice in self.choices.values()}
    return [fit for fit in self.forms if id(fit) in used]

  @property
  def advisor_name(self) -> str:
    """The form that gives the advice, in words."""
    return name_of(self.advisor)

  @property
  def published(self) -> bool:
    """Whether the paper's own form gives the advice."""
    return self.advisor is self.forgetting


def _bottom(runs) -> Search[laws.Fit]:
  """The law of the bottom; of one size or one amount of text, with as many
  passes at every."""
  seen = runs[trained.turned(runs)]
  held = {
    name: passes
    for name, column, passes in BOTTOM_POWERS
    if seen[column].nunique() < 2
  }
  return fitting_table(runs, "bottom", fixed=held)


@dataclass(frozen=True)
class Counsel:
  """The advice for one cell, beside what was measured in it.

  Attributes:
    domain, model_params, target_tokens: the cell.
    advice: from the fitted law, or None.
    measured_injection: the least injection that was run and kept the mean
      forgetting under the tolerance; infinite when none did.
    measured_forgetting: what it left, nats per token.
    disagrees: a run is on the other side of the tolerance than the whole
      interval of the advice, by more than twice the fit's noise.
    measured_without: the mean forgetting of the runs without injection; NaN
      when there are none.
  """

  domain: str
  model_params: float
  target_tokens: float
  advice: laws.Advice | None
  measured_injection: float
  measured_forgetting: float
  disagrees: bool
  measured_without: float = math.nan


def fit_domains(evidence: Evidence) -> list[DomainLaws]:
  """Fits every law to every domain that has finished runs.

  Args:
    evidence: the runs.

  Returns:
    the laws of each domain, by name.
  """
  runs = evidence.measured
  found = sorted(runs["domain"].astype(str).unique())
  searches = [_fitting(d, runs[runs["domain"].astype(str) == d]) for d in found]
  fits = lockstep.run(lockstep.gather(searches))
  lockstep.run(_ahead(fits))
  return fits


def _fitting(domain: str, runs) -> Search[DomainLaws]:
  # in the order that the commands fit them in: flat bootstraps feel it
  runs, why = runs.sort_index().reset_index(drop=True), {}

  def attempt(field: str, function, *args):
    try:
      return (yield from function(*args))
    except InputError as error:
      why[field] = str(error)

  advisors, target, bottom = yield from lockstep.gather(
    [
      attempt("forgetting", fitting_advisors, runs),
      attempt("target", fitting_table, runs, "target"),
      attempt("bottom", _bottom, runs),
    ]
  )
  published, ratio = advisors and advisors.published, None
  if published:
    ratio = yield from attempt("ratio", testing, published)
  elif advisors:
    why["forgetting"] = next(iter(advisors.refused.values()))
  return DomainLaws(
    domain=domain,
    forgetting=published,
    with_constant=advisors and advisors.form("forgetting", "E"),
    target=target,
    bottom=bottom,
    advisors=advisors,
    ratio=ratio,
    why=why,
  )


def _ahead(fits: list[DomainLaws]) -> Search[None]:
  """Works out for all domains in step what each fit is asked for later."""
  forms = [form for f in fits for form in f.forms]
  yield from lockstep.gather([trying_everywhere(form) for form in forms])
  drawn = {
    id(fit): fit
    for f in fits
    for fit in (f.forgetting, *f.answering, f.target, f.bottom)
    if fit is not None
  }
  yield from working_out(list(drawn.values()))
  # bands ask for these alone
  told = [fit for f in fits for fit in (f.advisor, f.target, f.bottom) if fit]
  yield from lockstep.gather([fit.missing() for fit in told])


def counsel(
  evidence: Evidence, fits: list[DomainLaws], tolerance: float
) -> list[Counsel]:
  """Asks for advice in every cell that was measured.

  Args:
    evidence: the runs.
    fits: the laws of each domain.
    tolerance: forgetting that the advice allows, nats per token.
  """
  advisors = {f.domain: f.advisor for f in fits if f.advisor}
  out = []
  for (domain, params, tokens), runs in cells(evidence.measured):
    advice = None
    if domain in advisors:
      advice = laws.advise(
        advisors[domain],
        domain=domain,
        model_params=params,
        far=True,
        target_tokens=tokens,
        tolerance=tolerance,
      )
    left = runs.groupby("injection")["forgetting"].mean()
    enough = left[left <= tolerance]
    found = (math.inf, math.nan)
    if len(enough):
      found = float(enough.index[0]), float(enough.iloc[0])
    clash = advice is not None and contradicts(
      runs, advice, noise=2 * advisors[domain].certificate.noise
    )
    none = float(left.get(0.0, math.nan))
    out.append(Counsel(domain, params, tokens, advice, *found, clash, none))
  return out


def contradicts(runs, advice: laws.Advice, *, noise: float) -> bool:
  """Whether a cell's runs refute its advice; see `Counsel.disagrees`.

  Args:
    runs: of the cell.
    advice: for the cell.
    noise: tolerated, as a share of the loss.
  """
  margin = noise * runs["pretrain_loss"]
  over = runs["forgetting"] > advice.tolerance + margin
  under = runs["forgetting"] < advice.tolerance - margin
  p = runs["injection"]
  return bool(
    (over & (p > advice.high)).any() or (under & (p < advice.low)).any()
  )
