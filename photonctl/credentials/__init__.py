"""Which hosts, and which credentials: from the environment, then from files. Sends nothing."""
