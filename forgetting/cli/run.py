"""The verb about one run of a study: run."""

import tyro

from forgetting.cli import needs
from forgetting.cli.answers import ROOT, write_json
from forgetting.cli.loading import loaded
from forgetting.cli.options import (
  Config,
  Json,
  Log,
  OwnText,
  Root,
  Saving,
  given,
  refuse_others,
)
from forgetting.config import InputError

GOES_WITH = {
  "json": "the list of runs",
  "save_every": "--index or --name",
  "keep_best": "--index or --name",
  "log": "--index or --name",
}


def run(
  config: tyro.conf.Positional[Config] = "",
  *,
  study: str = "",
  index: int | None = None,
  name: str | None = None,
  root: Root = ROOT,
  json: Json = None,
  text: tyro.conf.OmitArgPrefixes[OwnText] = OwnText(),
  saving: tyro.conf.OmitArgPrefixes[Saving] = Saving(),
  log: Log = None,
) -> int:
  """With --index or --name do one run of a study here, else list them.

  The exit code is 0 when its result is there, 75 when a signal has stopped it
  and it has saved (run it again), 3 when a run that it needs is not done, 4
  when another process is at it.

  Example: forgetting run configs/quickstart.py --index 0

  Args:
    study: CONFIG, as an option.
    index: Which run, by its number in the list.
    name: Which run, by its name.
  """
  from forgetting.study import single, trackers

  if bool(config) == bool(study):
    raise InputError("run: expected a CONFIG, or --study CONFIG, one of them")
  lists = index is None and name is None
  trackers.check(log)
  apart = (*given(saving), *(("log",) if log is not None else ()))
  refuse_others(
    apart if lists else ("json",) if json is not None else (),
    (),
    found="neither --index nor --name" if lists else "--index or --name",
    where=GOES_WITH,
  )
  found = loaded(config or study, text)
  if lists:
    if not write_json(single.states(found, root=root), json):
      print(single.listing(found, root=root))
    return 0
  chosen = single.find(found, index=index, name=name)
  needs.training()
  return single.do(found, chosen, root=root, saves=saving.saves, log=log)
