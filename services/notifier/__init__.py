"""The notifier: people are told what happened, at once, in words that cannot say more than the facts."""
