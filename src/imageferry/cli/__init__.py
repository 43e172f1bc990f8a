"""The `imageferry` command. It talks to the API like any other client."""
