"""The world, one third party a file; each file implements a port."""
