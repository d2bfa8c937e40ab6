"""Measures the console in the system's Chromium: frames under a stream of events, and Lighthouse's scores."""
