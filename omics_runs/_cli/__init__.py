"""The command `omics-runs`: one module for each of its commands, and what they share."""
