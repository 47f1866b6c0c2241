"""Stand-ins of the services that keep secrets, written from their public API documents."""
