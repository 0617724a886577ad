"""How other tools are pointed at the mock: one module a tool, and what they share."""
