"""What `vector_math.py` is made of; for compiled code alone."""
