"""The schema's history, applied in order by `latchwork migrate`."""
