"""Images in rows, columns and walls."""
