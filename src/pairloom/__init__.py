"""Pairloom: factorization machines, fast and reproducible."""
