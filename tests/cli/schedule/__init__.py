"""The schedule as a user has it: installed, run, told of."""
