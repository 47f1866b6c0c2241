"""Applies plans. Decides nothing: every decision is in the plan."""
