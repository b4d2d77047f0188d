"""What admins should see without having looked for it."""
