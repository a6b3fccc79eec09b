"""SDK 2.x as its users write it. 2.0 settles without a claim token, 2.1 with one; the rest is the same."""
