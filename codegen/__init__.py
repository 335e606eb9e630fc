"""The code generator of `omics_runs`: a snapshot of the service's model in, typed Python out."""
