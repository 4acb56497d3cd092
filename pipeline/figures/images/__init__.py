"""Images in rows, columns and mosaics."""
