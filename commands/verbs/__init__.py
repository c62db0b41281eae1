"""Verbs that ask or change a cluster, one file each."""
