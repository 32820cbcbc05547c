"""The suites: each file gives `cases()`, a list of what it measures."""

SUITES = ("ops", "tape", "optim", "paper", "fusion", "memory", "start")
