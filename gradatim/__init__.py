"""Gradatim: a deep-learning library you can read."""
