"""The processes that train trials."""
