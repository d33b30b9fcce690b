"""What `forgetting doctor` prints."""

from forgetting.doctor.checkup import Checkup, Folder
from forgetting.doctor.packages import FOR


def tell(found: Checkup) -> str:
  """The checkup as text for people, problems last.

  Args:
    found: of `checkup.examine`.
  """
  machine = found.machine
  lines = [
    "versions  " + ", ".join(f"{k} {v}" for k, v in found.versions.items()),
    f"machine   {machine['cores']} cores, {_size(machine['memory'])} memory,"
    f" {machine['system']}",
    "devices   " + (", ".join(found.devices) or f"none: {found.device_error}"),
    f"cache     {_folder(found.cache)} (FORGETTING_CACHE)",
    *_parts(found),
    f"disk      {_size(found.free['cache'])} free for the cache,"
    f" {_size(found.free['here'])} here",
    "",
    *_extras(found),
    "",
    *_engines(found),
    "",
    *(f"note: {line}" for line in found.notes),
    *(f"PROBLEM: {line}" for line in found.problems),
  ]
  if not found.problems:
    lines.append("nothing stands in the way")
  return "\n".join(lines)


def _parts(found: Checkup) -> list[str]:
  parts = [
    f"{name} {_size(part.size)}"
    for name, part in found.parts.items()
    if part.files
  ]
  return [f"{'':<10}{', '.join(parts)}"] if parts else []


def _extras(found: Checkup) -> list[str]:
  if not found.packages.core:
    return ["extras    not known: the program runs without being installed"]
  rows = []
  for extra in found.packages.extras:
    missing = found.packages.missing(extra)
    state = "installed"
    if missing:
      state = f"missing {', '.join(p.wanted for p in missing)}:"
      state += f" {found.packages.install(extra)}"
    rows.append((extra, FOR.get(extra, ""), state))
  return _table("extras", rows)


def _engines(found: Checkup) -> list[str]:
  rows = [
    (name, "", missing or "ready")
    for name, missing in found.packages.engines.items()
  ]
  return _table("engines", rows)


def _table(head: str, rows) -> list[str]:
  first = max(len(row[0]) for row in rows)
  lines = []
  for i, (name, purpose, state) in enumerate(rows):
    told = f"{state}  ({purpose})" if purpose else state
    lines.append(f"{head if not i else '':<10}{name:<{first}}  {told}")
  return lines


def _folder(folder: Folder) -> str:
  if not folder.files:
    return f"{folder.path}, empty"
  return f"{folder.path}, {_size(folder.size)} in {folder.files} files"


def _size(count: float) -> str:
  for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
    if count >= unit:
      return f"{count / unit:.3g} {name}"
  return f"{count:.0f} B"
