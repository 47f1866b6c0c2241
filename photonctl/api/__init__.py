"""Photon's wire: the only room that speaks HTTP. No dict leaves it, only rows."""
