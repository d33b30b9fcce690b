"""The verb that tells what replay sources are worth."""

import tyro

from forgetting.cli.analysis import answer, laws
from forgetting.cli.answers import find
from forgetting.cli.options import Json, StudyOrTable


def sources(
  study: tyro.conf.Positional[StudyOrTable],
  *,
  domain: str | None = None,
  json: Json = None,
) -> int:
  """Tell what a token of each replay source is worth.

  In tokens of the parent's own corpus, which the study must have injected too.

  Example: forgetting sources replay_sources

  Args:
    domain: Only fine-tunings on it; by default all, with one rate.
  """
  laws()
  from forgetting import records
  from forgetting.laws import answers_sources
  from forgetting.records.by_source import by_source
  from forgetting.storage.places import place

  folder, by_self = find(study), None
  if place(folder).is_dir():
    by_self = by_source(folder, beside=True).get("self")
  found = answers_sources.sources(
    records.load(folder), domain=domain, by_self=by_self
  )
  return answer(found, json)
