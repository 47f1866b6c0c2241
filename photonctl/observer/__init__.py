"""Reads live state, and what sinks and the journal say of its secrets. Changes nothing."""
