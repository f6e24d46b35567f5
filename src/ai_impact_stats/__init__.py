"""The statistics behind ai_impact: pure functions of small tables."""
