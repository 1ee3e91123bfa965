"""The doors for programs: who knocks, many requests at once, what went wrong on the bus, and tickets."""
