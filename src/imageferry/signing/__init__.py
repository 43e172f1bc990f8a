"""How a request is signed: pure functions that clients sign and servers verify with."""
