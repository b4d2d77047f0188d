"""Erasing a person: names and addresses go everywhere, what was done stays, by ids that name nobody."""
