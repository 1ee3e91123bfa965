"""The floor the services stand on. It knows Kafka, state, keys and the web, and nothing of privacy requests."""
