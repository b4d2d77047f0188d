"""People and what they sign in with: members of sites, accounts, sessions, phones, API tokens, mailed links."""
