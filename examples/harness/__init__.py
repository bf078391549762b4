"""Starts the systems of examples/ for their tests."""
