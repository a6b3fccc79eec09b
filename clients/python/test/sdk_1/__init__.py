"""SDK 1.x as its users write it: dictionaries, no claim tokens, no way to read a status or a result."""
