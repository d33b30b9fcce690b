"""A study's page: tables out of runs, figures out of tables, words."""

from forgetting.report.write import write

__all__ = ["write"]
