"""The verb that tells what replay sources are worth."""

import tyro

from forgetting.cli.analysis import answer, laws
from forgetting.cli.answers import ROOT, find
from forgetting.cli.options import Flag, Json, Root, StudyOrTable


def sources(
  study: tyro.conf.Positional[StudyOrTable],
  *,
  domain: str | None = None,
  features: Flag = False,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Tell what a token of each replay source is worth.

  In tokens of the parent's own corpus, which the study must have injected too.
  Of a study's folder also which examples each source protects, with a figure.

  Example: forgetting sources replay_sources

  Args:
    domain: Only fine-tunings on it; by default all, with one rate.
    features: Tell as well how far likeness to the corpus, known before any run,
      would have told the rates of other text.
  """
  laws()
  from forgetting import records
  from forgetting.associations import protection, protection_words
  from forgetting.laws import answers_sources
  from forgetting.laws.answers import Report
  from forgetting.records.by_source import ALL, by_source
  from forgetting.report import figure_protection
  from forgetting.storage.places import place

  folder, likeness, kept = find(study, root), None, None
  by_self = corpus = None
  if is_study := place(folder).is_dir():
    if features:
      from forgetting.runs import likeness as measured

      likeness = measured.features(place(folder))
    by_self = by_source(folder, beside=True).get("self")
    if by_self is not None:
      corpus = by_source(folder, together=True)[ALL]
  table = records.load(folder)
  found = answers_sources.sources(
    table, domain=domain, by_self=by_self, beside=corpus, features=likeness
  )
  if is_study:
    kept = protection.measure(folder, table, domain=domain)
  if kept is None:
    return answer(found, json)
  words = "\n".join([found.text, "", *protection_words.lines(kept)])
  known = found.data | dict(protection=protection_words.data(kept))
  answer(Report(words, known), json)
  drawn = figure_protection.write(kept, place(folder) / "figures")
  if json != "-":
    print(drawn)
  return 0
