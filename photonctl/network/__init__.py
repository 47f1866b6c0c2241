"""HTTP for every room that speaks it: connections, proxies, certificates, bounds."""
