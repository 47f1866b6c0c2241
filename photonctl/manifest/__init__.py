"""Text ↔ desired state. Everything wrong with a manifest is found in one run."""
