"""The router: which owner must decide, what it instructs, and when the request is closed."""
