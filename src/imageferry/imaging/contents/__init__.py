"""What an imported disk holds, found out without mounting it. Its checks are advice."""
