"""Estimators: pure functions of numpy arrays and small dataclasses. They read no table and know no experiment."""
