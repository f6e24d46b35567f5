"""What goes in and out: tables of the engines, schemas, and the registration of experiments."""
