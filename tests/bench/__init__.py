"""`make bench`: what the pipeline costs, measured on one machine in one run."""
