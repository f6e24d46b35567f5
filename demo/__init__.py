"""A generated company whose truth is known: every effect that the project estimates is planted and written down."""
