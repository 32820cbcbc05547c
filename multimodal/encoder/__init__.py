"""Branches: from what a modality is to features (B, d), or to tokens."""
