"""The web console and phone app; until they exist, the page behind an invitation link."""
