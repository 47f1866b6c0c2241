"""Files that `photonctl init --ci` writes."""
