"""What tests share: made-up facts, the running stack, receivers of what it sends."""
