"""What looks at requests before anything is done with them: rules as data, and what comes of them."""
