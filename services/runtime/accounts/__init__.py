"""People with a login: how they come, sign in, are changed and leave. Pages for it are in ``services.runtime.web``."""
