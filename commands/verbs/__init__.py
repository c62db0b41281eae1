"""Verbs that ask or change a cluster, one file each, and the one tuple of them."""
