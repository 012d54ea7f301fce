"""Readers of formats whose samples or colour Pillow does not hand over in full."""
