"""What `doctor` looks at: one slice from the checks to their findings."""
