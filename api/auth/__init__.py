"""From headers, cookies and first messages to an identity: sessions, DPoP, socket tickets, lock proofs."""
