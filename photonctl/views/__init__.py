"""Plans and reports → text, JSON, Markdown, HTML. No view computes: it shows the model."""
