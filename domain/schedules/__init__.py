"""Schedules as they are given, stored and compared; `domain.access.schedule` is what one means."""
