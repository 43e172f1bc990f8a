"""Our actions compared with the contract of the ECS API, field by field."""
