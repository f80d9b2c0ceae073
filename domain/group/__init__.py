"""A group of mutually exclusive markets that resolves atomically (the public interface: an *event*)."""
