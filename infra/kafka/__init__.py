"""The local Apache Kafka: locked jars, one KRaft node, a way to look inside."""
