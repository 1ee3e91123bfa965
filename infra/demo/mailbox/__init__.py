"""The demo's mailbox: it takes every letter, delivers none, and shows them on a page."""
