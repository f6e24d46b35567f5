"""What goes in and out: tables of the engines, schemas, calendars, and the registration of experiments."""
