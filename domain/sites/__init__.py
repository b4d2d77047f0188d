"""Sites: each is one customer's, with its zone, its plan and its PIN policy."""
