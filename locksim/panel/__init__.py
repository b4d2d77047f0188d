"""The keypad page: a lock that can be tried in the browser, on this machine only."""
