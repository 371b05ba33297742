"""TradeEngage: service jobs, their routings, and the PoS systems they go to."""
