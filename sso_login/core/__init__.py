"""The vocabulary: values, errors and ports; standard library only, no input or output."""
