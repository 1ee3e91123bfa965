"""The console: where operators see every request's journey. It only reads."""
