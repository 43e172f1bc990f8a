"""The console: web pages over the API, for whoever has signed in to an account."""
