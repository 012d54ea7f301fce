"""A module for each format, or family of formats, that pictures are written in."""
