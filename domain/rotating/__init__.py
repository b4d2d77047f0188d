"""Writing anew, under the key in front, what was written under keys before it; and dropping those."""
