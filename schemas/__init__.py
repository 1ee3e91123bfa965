"""The contract: every message Habeas writes or reads, and the topics they travel on."""
