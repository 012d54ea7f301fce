"""The command line. One file per command; modules import what starts slowly inside the functions that need it."""
