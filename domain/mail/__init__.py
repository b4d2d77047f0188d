"""Letters on their way: the outbox in which they wait, who may ask for how many, and to which addresses."""
