"""Tests of adapters/aws_files."""
