"""What an experiment is: from a YAML file to frozen models, with every error located."""
