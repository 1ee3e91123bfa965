"""A small support system: tickets by hand or by API, a signed call for each new one, and an API such as Zendesk has."""
