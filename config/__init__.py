"""What the operator declares: settings, the inventory of clusters, and who may do what."""
