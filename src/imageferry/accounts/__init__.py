"""Accounts, access keys and regions."""
