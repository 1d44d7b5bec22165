"""The credential server as people start it: `serve`, and `exec --server`."""
