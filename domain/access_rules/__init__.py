"""Access rules: who may open which locks when, with a phone or a personal PIN; `grants` is what they amount to."""
