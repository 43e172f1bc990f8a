"""The ECS wire: signatures, parameters, JSON and XML, errors. It knows no action by name."""
