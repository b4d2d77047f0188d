"""Tags: the names by which members and locks are chosen."""
