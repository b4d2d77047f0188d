"""Doors: locks with their hubs, readers and cards, and the secrets that are given to them."""
