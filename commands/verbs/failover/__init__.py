"""`failover` and `failback`: a floating IP goes to another node, and home again."""
