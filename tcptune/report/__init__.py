"""One module for each output format: a report in, text out; nothing is printed here."""
