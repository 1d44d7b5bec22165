"""Tests of what people ask for by name, and are asked for."""
