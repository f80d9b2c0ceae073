"""One detector for each pattern: fed with the flow, it says when its rule's threshold is reached."""
