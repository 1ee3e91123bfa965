"""What `habeas up` stands on: starts the broker and every process, keeps them running, stops them."""

from infra.stack.handle import Stack, StackError

__all__ = ["Stack", "StackError"]
