"""Operations of HTTP APIs as tools, from the APIs' OpenAPI documents."""
