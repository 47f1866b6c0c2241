"""Reads live state, and carries out plans. Takes no decision: those stand in the plan."""
