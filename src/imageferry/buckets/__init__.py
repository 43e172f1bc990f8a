"""Objects in buckets, behind one small interface."""
