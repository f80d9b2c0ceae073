"""An exchange spread over several processes: who owns what."""
