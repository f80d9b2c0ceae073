"""Read models in SQL: SQLite embedded, PostgreSQL in production, one set of tables and questions."""
