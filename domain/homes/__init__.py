"""What a member's phone shows of all their sites."""
