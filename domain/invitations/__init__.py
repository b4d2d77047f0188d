"""Invitations: guests whose phones open doors for a while, and who may share them."""
