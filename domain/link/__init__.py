"""What server and lock say to each other: messages, their sealing and the keys; both import it."""
