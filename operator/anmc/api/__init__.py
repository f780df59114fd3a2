"""The resources as people write and read them."""
