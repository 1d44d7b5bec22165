"""What tests of several floors share: fakes of the ports and real services to run against."""
