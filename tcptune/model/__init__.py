"""What flows from the machine to the reader: frozen values, no behaviour that touches the world."""
