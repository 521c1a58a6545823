"""The benchmark: `make bench`, or `python -m bench` where it is built."""
