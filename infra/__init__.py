"""What stands around the services: the local broker, the supervisor, the demo world."""
