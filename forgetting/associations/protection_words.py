"""What `forgetting sources` prints of protection by source."""

from __future__ import annotations

import dataclasses

from forgetting.associations.protection import ALL, Kept, Protection
from forgetting.config.replay_source import OWN
from forgetting.records import text_table


def lines(protection: Protection) -> list[str]:
  """A table: a row a replay source, a column the examples' source.

  Args:
    protection: of a study that tried sources.
  """
  kept = protection.kept()
  texts = list(dict.fromkeys(row.text for row in kept))
  rows = [["source", "all text", *texts[1:], "over own, nats", "r with own"]]
  for source in protection.sources:
    of = {row.text: row for row in kept if row.source == source}
    rows.append(
      [
        source,
        *(_share(of[text]) for text in texts),
        *(["", ""] if source == OWN else _beside(of[ALL], protection)),
      ]
    )
  return [
    f"forgetting that {100 * protection.injection:g} % of replay removes, in %"
    " of that without, by the text that is forgotten:"
    f" {len(protection.text)} examples, means over {protection.cells} cells",
    *text_table.lines(rows),
    "±: standard error, the examples as the sample; over own: what is"
    " forgotten more than with the corpus; r: over examples, of the nats that"
    " the two remove",
  ]


def data(protection: Protection) -> dict:
  """The same as dicts and lists, for JSON.

  Args:
    protection: of a study that tried sources.
  """
  return dict(
    injection=protection.injection,
    cells=protection.cells,
    kept=[dataclasses.asdict(row) for row in protection.kept()],
    agreement={
      source: protection.agreement(source)
      for source in protection.sources
      if source != OWN
    },
  )


def _share(row: Kept) -> str:
  return f"{100 * row.removed:.0f} ± {100 * row.error:.0f}"


def _beside(row: Kept, protection: Protection) -> list[str]:
  return [
    f"{row.beside_own:+.3f} ± {row.beside_own_error:.3f}",
    f"{protection.agreement(row.source):.2f}",
  ]
