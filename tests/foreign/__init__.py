"""Receivers of traces that we did not write."""
