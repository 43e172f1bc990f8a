"""Benchmarks: tables of ratios, each taken side by side in one run."""
