"""Bad answers, odd requests and awkward terminals as a list of cases, each tried on a real stack."""
