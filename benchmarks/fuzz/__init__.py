"""schemathesis on the whole OpenAPI document."""
