"""The engines that the project is tested on: each builds the same demo company, and hands back its tables."""
