"""Why a door opens for somebody, or does not: every reason, with what is behind it."""
