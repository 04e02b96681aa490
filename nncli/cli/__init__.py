"""The commands, one file each: options, one call, printing. Nothing heavy is imported before a command runs."""
