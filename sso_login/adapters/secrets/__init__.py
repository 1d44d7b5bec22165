"""Where secrets lie: keyring, file store, cards, locks, and the hot path's index."""
