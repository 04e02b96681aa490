"""A spec for data that somebody brings along: what was found in them, and a training that suits it."""
