"""Stand-ins for modules that are imported for one or two small functions; nobody gets one without asking."""
