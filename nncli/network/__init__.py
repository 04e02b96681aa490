"""The mathematics: arrays in, arrays out. No files, no printing, no spec."""
