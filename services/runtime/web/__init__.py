"""The web floor: what every service's pages and API have in common."""
