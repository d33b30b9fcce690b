"""Which examples are forgotten, by which task, and how to tell beforehand."""
