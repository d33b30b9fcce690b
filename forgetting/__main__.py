"""`python -m forgetting` is the command `forgetting`."""

from forgetting.cli.main import main

if __name__ == "__main__":
  main()
