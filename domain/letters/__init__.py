"""Letters: what one says, and how it is handed to a mail server."""
