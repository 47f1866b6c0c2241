"""The command line: flags → one call → a view. No decision is taken here."""
