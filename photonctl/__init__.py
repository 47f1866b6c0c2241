"""Declarative provisioning for Photon Spectrum: a manifest goes in, a converged project comes out."""

__version__ = "0.1.0"
