"""How the HTTP processes of ``presage serve --workers`` ask the engine."""
