"""The desk: where staff enter what came by telephone, letter or e-mail, and find a request again by its number."""
