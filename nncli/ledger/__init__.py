"""Runs side by side: what was asked of them, what came out, and which of them are meant."""
