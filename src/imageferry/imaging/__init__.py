"""Disk images: inspect, convert, verify. Knows no database and no HTTP API."""
