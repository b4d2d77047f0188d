"""Warnings: why an existing credential may not open a door, such as a lock without a network."""
