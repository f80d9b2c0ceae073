"""The page that people trade on: ``page`` is its source, ``built`` what `make page` makes of it."""
