"""Bad answers, odd requests and awkward terminals as a list of data, each tried on a real stack."""
