"""A run or a sweep as one HTML file that needs nothing else: no network, no library, no script to be read."""
