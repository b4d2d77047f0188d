"""Counting tries, so that nobody can guess without end."""
