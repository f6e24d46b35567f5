"""One generated company whose truth is known: every effect that the project estimates is planted here and written down."""
