"""What bench/instructions.py consists of."""
