"""The command line of ai_impact."""
