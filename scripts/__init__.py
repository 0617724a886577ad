"""The jobs of the project, one module each: run them as `python -m scripts.NAME` or through the Makefile."""
