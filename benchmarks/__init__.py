"""How much the program costs, measured on an installed wheel; `python3 benchmarks/run.py` runs it all."""
