"""Declarative provisioning for Photon Spectrum: a manifest in, live state to match."""

__version__ = "0.1.0"
