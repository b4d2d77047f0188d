"""Watching a site for what its admins should know and nobody asks about: a state raises one alert, and its end ends it."""
