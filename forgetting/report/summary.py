"""What a study has measured so far, as text for a terminal."""

from forgetting.records import text_table
from forgetting.report import words
from forgetting.report.evidence import Evidence, cells
from forgetting.report.style import count, percent

MOST = 40  # cells of a table; of more the first are shown


def summary(evidence: Evidence) -> str:
  """Tells how far the runs are, and forgetting by cell and injection.

  Args:
    evidence: the runs, done or half done.

  Returns:
    lines: what is done, and a row a cell with the mean forgetting over seeds
    at best, nats per token, "-" where no run is done; what was left out.
  """
  measured = evidence.measured
  if not len(measured):
    return words.nothing_measured(evidence)
  states = evidence.finetunings["status"].value_counts().sort_index()
  told = ", ".join(f"{n} {state}" for state, n in states.items())
  levels = sorted(measured["injection"].unique())
  rows = []
  for (domain, params, tokens), runs in cells(measured):
    means = runs.groupby("injection")["forgetting"].mean()
    left = [f"{means[p]:.3f}" if p in means else "-" for p in levels]
    rows.append([domain, count(params), count(tokens), *left])
  header = ["domain", "parameters", "target tokens", *map(percent, levels)]
  table = "\n".join(text_table.lines([header, *rows[:MOST]], indent="  "))
  more = len(rows) - MOST
  rest = f"\n{more} more cells are in runs.csv" if more > 0 else ""
  note = f"\n{line}" if (line := evidence.methods) else ""
  return (
    f"fine-tunings: {told}; forgetting by injection, nats per token:\n"
    f"{table}{rest}{note}"
  )
