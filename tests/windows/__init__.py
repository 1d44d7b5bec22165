"""What Windows alone shows: `test_inside.py` runs there (or under wine), `test_rig.py` brings it there from Linux."""
