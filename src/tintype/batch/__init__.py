"""Many files: what is done already, several processes, and clusters. Used by the command line."""
