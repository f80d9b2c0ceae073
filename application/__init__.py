"""Use cases: hosting of the aggregates, sagas, processes, and the ports they need."""
