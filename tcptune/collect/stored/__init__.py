"""Other people's machines: folders and archives, as trees that the readers of /proc can read."""
