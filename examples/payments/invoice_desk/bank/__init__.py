"""A small real bank: accounts, double entry, idempotency keys, refunds. It has never heard of agents."""
