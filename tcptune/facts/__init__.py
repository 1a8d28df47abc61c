"""From a snapshot to the facts that rules speak of; pure."""
