"""A local Photon, written from the contract; shares no code with the client: each checks the other.

Unpleasant by default wherever the contract leaves room (see ``quirks.py``), so that no client
overfits; ``calm`` turns that off. What the contract fixes stays fixed.
"""
