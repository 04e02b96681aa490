"""Trained networks for elsewhere: one file per format; formats.py is the table of them."""
