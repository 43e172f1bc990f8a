"""Code that makes one call of the API, in every language that its clients are written in."""
