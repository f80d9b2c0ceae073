"""Read models, fed by the log: what readers see, what they may ask, and how it is kept up to date."""
