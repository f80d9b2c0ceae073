"""How events are written: names, versions, rules for every field, and the way up from older versions."""
