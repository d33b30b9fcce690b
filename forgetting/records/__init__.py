"""Run directories in, tidy tables out."""

from forgetting.records.controls import net_of_control
from forgetting.records.directory import (
  EXPORTED,
  RunDirectory,
  StudyDirectory,
  exported,
  run_directories,
)
from forgetting.records.methods import (
  RANDOM_REPLAY,
  by_chance,
  by_method,
  by_replay_source,
  random_injection,
  replay_line,
  replay_reference,
)
from forgetting.records.tables import (
  COLUMNS,
  LOSSES,
  REQUIRED,
  axes,
  blends,
  curves,
  data,
  load,
)

__all__ = [
  "COLUMNS",
  "EXPORTED",
  "LOSSES",
  "RANDOM_REPLAY",
  "REQUIRED",
  "RunDirectory",
  "StudyDirectory",
  "axes",
  "blends",
  "by_chance",
  "by_method",
  "by_replay_source",
  "curves",
  "data",
  "exported",
  "load",
  "net_of_control",
  "random_injection",
  "replay_line",
  "replay_reference",
  "run_directories",
]
