"""How a run goes: pages, decisions, writes, checkpoints; and the ports it needs."""
