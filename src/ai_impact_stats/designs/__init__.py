"""Designs: what is estimated and checked for each kind of registered experiment."""
