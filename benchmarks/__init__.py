"""Check first, then time; ratios to a peer in one run, one process a framework."""
