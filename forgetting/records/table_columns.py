"""What the columns of a table of runs mean, however they are written."""

from collections.abc import Sequence
import re
from typing import TYPE_CHECKING

from forgetting.config import InputError
from forgetting.records import told

if TYPE_CHECKING:
  import pandas as pd

# text whatever it looks like: a domain may be called NA, 007 or 7.0
TEXT = frozenset(
  (
    *("domain", "run", "study", "status", "replay", "run_name", "name"),
    *("stop_reason", "source", "licence", "tokenizer", "device"),
  )
)
# read in capitals or not, with blanks or hyphens in place of underscores
NAMES = TEXT | frozenset(
  (
    *("model_params", "total_params", "target_tokens", "target_tokens_asked"),
    *("injection", "seed", "pretrain_loss", "base_pretrain_loss"),
    *("target_loss", "base_target_loss", "best_step", "steps", "step"),
    *("tokens", "epoch", "forgetting", "loss", "pretrain_tokens"),
    *("unique_tokens", "examples", "domain_ratio", "domain_loss"),
  )
)
# hidden column of a table from a file: the line in which a row begins, or its
# number from 1 where rows are no lines
LINE = "file line"
FILE, COUNTED = "file", "counted"  # attributes: the file, and "line" or "row"

DONE = "done"
# words of trackers, queues and trainers for a run that ended well
DONE_WORDS = frozenset(
  (
    *(DONE, "finished", "finish", "success", "successful", "succeeded"),
    *("ok", "complete", "completed", "passed"),
  )
)


def named(headers: Sequence[str], where: str) -> list[str]:
  """Gives columns the names that we know them by.

  Args:
    headers: as in the file.
    where: what errors call the file.

  Returns:
    our name of each, or its own without blanks around it; those without a
    name are numbered.

  Raises:
    InputError: two columns have one name.
  """
  out: list[str] = []
  for number, header in enumerate(headers):
    name = str(header).strip() or f"Unnamed: {number}"
    ours = re.sub(r"[\s_-]+", "_", name).strip("_").lower()
    out.append(ours if ours in NAMES and ours not in headers else name)
  for name in out:
    if out.count(name) > 1:
      places = [str(i + 1) for i, other in enumerate(out) if other == name]
      found = ", ".join(repr(str(headers[int(i) - 1])) for i in places)
      raise InputError(
        f"{where}: columns {' and '.join(places)} ({found}) are both {name},"
        " expected each once: rename or drop one"
      )
  return out


def understood(frame: "pd.DataFrame", where: str) -> "pd.DataFrame":
  """Reads the words of a table of runs: domains and what became of a run.

  Args:
    frame: with our names.
    where: what is said of it calls it.

  Returns:
    a data frame with domains as text, `done` for every word for it, and the
    loss that forgetting and the other one leave.
  """
  if "domain" in frame:
    domain = frame["domain"]
    frame = frame.assign(domain=domain.where(domain.notna(), None))
    _tell_alike(frame["domain"].dropna().unique(), where)
  if "status" in frame:
    words = frame["status"].astype("string").str.strip()
    done = words.str.lower().isin(DONE_WORDS).fillna(False)
    frame = frame.assign(status=frame["status"].where(~done, DONE))
  return with_losses(frame)


def with_losses(frame: "pd.DataFrame") -> "pd.DataFrame":
  """Adds the pretraining loss, or that at base, that forgetting implies.

  Args:
    frame: with our names; where it has both losses, or no `forgetting`, it is
      given back as it is.
  """
  after, base = "pretrain_loss", "base_pretrain_loss"
  if "forgetting" not in frame or (after in frame) == (base in frame):
    return frame
  known = base if base in frame else after
  try:
    forgetting = frame["forgetting"].to_numpy(float)
    measured = frame[known].to_numpy(float)
  except (TypeError, ValueError):
    return frame  # words among the numbers: told where they are needed
  if known == base:
    return frame.assign(**{after: measured + forgetting})
  return frame.assign(**{base: measured - forgetting})


def _tell_alike(domains, where: str) -> None:
  """Tells domains that differ in capitals, blanks or hyphens alone."""
  alike: dict[str, list[str]] = {}
  for domain in map(str, domains):
    alike.setdefault(re.sub(r"[\s_-]+", "", domain).casefold(), []).append(
      domain
    )
  for names in alike.values():
    if len(names) > 1:
      listed = ", ".join(map(repr, sorted(names)))
      told.tell(
        f"{where}: domains {listed} are nearly the same name and are taken as"
        f" {len(names)} domains; if they are one, write them alike"
      )


def tell_left_out(before: "pd.DataFrame", kept: "pd.DataFrame") -> None:
  """Tells which rows of a file are no finished runs, by their status.

  Args:
    before: with a column `status`; without `LINE` it is of no file, and
      nothing is told.
    kept: the rows of it that are left.
  """
  if len(kept) == len(before) or LINE not in before:
    return
  count = len(before) - len(kept)
  told.tell(
    f"{before.attrs.get(FILE, 'the table')}: {count} of {len(before)} rows left"
    f" out, status {_statuses(before[before['status'] != DONE])}"
  )


def found_status(frame: "pd.DataFrame") -> str:
  """What to add where no row is a finished run; "" where status is no reason.

  Args:
    frame: one row a run.
  """
  if "status" not in frame or (frame["status"] == DONE).any() or not len(frame):
    return ""
  return f"; status: found {_statuses(frame)}, expected {DONE} or finished"


def _statuses(frame: "pd.DataFrame") -> str:
  counts = frame["status"].astype(object).fillna("nothing").value_counts()
  return told.some(f"{word} ({count})" for word, count in counts.items())
