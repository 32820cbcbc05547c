"""Training data, varied: pictures, words, sounds, and all modalities of a sample together."""
