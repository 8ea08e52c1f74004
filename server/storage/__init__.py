"""Storage as it is served: where bytes are kept, the routes that take and give them, and what decodes images."""
