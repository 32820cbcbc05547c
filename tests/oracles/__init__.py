"""High-precision references that share no code with the library they check."""
