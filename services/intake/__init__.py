"""Intake: what is asked, by whom, of which owner; received once, however often it is sent."""
