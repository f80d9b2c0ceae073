"""Orders followed on their way, as spans of OpenTelemetry, if somebody asks for that."""
