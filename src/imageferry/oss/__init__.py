"""The OSS wire over the buckets."""
