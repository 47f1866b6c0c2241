"""The project's profile."""
