"""What each fit can prove about itself, in words."""

from collections.abc import Iterator, Sequence
from html import escape

from forgetting.laws.identify import form
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import DomainLaws
from forgetting.report.markup import compact, swatch, table

WEAK = 10.0  # a signal that is not ten times the noise
AXES = {"N": "model sizes", "D": "amounts of target tokens", "p": "injections"}


def section(evidence: Evidence, fits: Sequence[DomainLaws]) -> str:
  """Makes the section on certificates, a row a domain and law.

  Args:
    evidence: the runs.
    fits: the laws of each domain.

  Returns:
    HTML: whether each holds, and why.
  """
  rows = []
  for domain_laws in fits:
    for name, fit in _fits(domain_laws):
      held = fit.certificate.holds
      rows.append(
        [
          swatch(domain_laws.domain, evidence.domains),
          escape(name),
          "holds" if held else "<b>does not hold</b>",
          escape(" ".join(s[0].upper() + s[1:] + "." for s in sentences(fit))),
        ]
      )
  header = ["Domain", "Law", "Certificate", "Why, and how firm"]
  return (
    "<p>A certificate holds when the fit is a stationary point and a minimum, "
    "and when more than one of its starts ended there: then it is the fit, and "
    "not an accident of the search. It does not say that the law is right; "
    "what the data leave open is told beside it.</p>"
    + table(header, rows, text=(0, 1, 2, 3))
  )


def _fits(laws: DomainLaws) -> Iterator[tuple[str, object]]:
  if laws.forgetting:
    yield "forgetting, published form", laws.forgetting
  if laws.advisor and not laws.published:
    yield f"{laws.advisor_name}, which gives the advice", laws.advisor
  if laws.target:
    yield "target", laws.target
  if laws.bottom:
    yield "bottom", laws.bottom


def sentences(fit) -> Iterator[str]:
  """Tells a fit's certificate to people who have not fitted a law.

  Args:
    fit: a `laws.Fit`.

  Yields:
    sentences, without a capital and a full stop.
  """
  c = fit.certificate
  agree = round(c.agree * c.starts)
  yield f"{agree} of {c.starts} starts of the search ended at this fit"
  if c.gradient >= 1e-6:
    yield f"it is not a stationary point (gradient {c.gradient:.1g})"
  if c.smallest_eigenvalue < -1e-8:
    yield "it is not a minimum: the objective still falls in one direction"
  if c.next_basin is not None:
    yield f"the next local minimum is {100 * c.next_basin:.2g} % worse"
  levels = ", ".join(
    f"{count} {AXES[axis]}" for axis, count in c.levels.items() if axis in AXES
  )
  rest = "run" if c.dof == 1 else "runs"
  yield f"it rests on {levels}, with {c.dof} {rest} more than parameters"
  ratio = c.signal_to_noise
  weak = f": weak, as it is under {WEAK:g} times" if ratio < WEAK else ""
  yield f"the effect is {compact(ratio, 2)} times the noise between runs{weak}"
  if c.at_bounds:
    yield f"on the bound of its range: {', '.join(c.at_bounds)}"
  for what in c.broken:
    yield f"does not hold: {what}"
  if fit.unidentified:
    yield f"the data do not identify {', '.join(fit.unidentified)}"
  told = form(fit)
  if told:
    yield f"of its form: {told}"
